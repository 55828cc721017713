package httpapi

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/tus/tusd/v2/pkg/filelocker"
	tus "github.com/tus/tusd/v2/pkg/handler"
)

// doneEnd ends the name of the mark of an upload whose file is in its place.
const doneEnd = ".done"

// lockPatience is how long another daemon that uses the same directory is
// waited for, which is at an upload just now.
const lockPatience = 100 * time.Millisecond

// markDone says that the file of an upload is in its place, before what is left
// of the upload looks as if it were whole.
func markDone(path string) error {
	return os.WriteFile(path+doneEnd, nil, 0o600) //nolint:wrapcheck // it names the path
}

// unmarkRemoved takes the mark of an upload that is not there any more.
func unmarkRemoved(dir, id string) {
	if _, err := os.Lstat(filepath.Join(dir, id+".info")); os.IsNotExist(err) {
		_ = os.Remove(filepath.Join(dir, id+doneEnd)) // there may be none
	}
}

// reopenUnfinished takes the last byte off each upload that has come whole and
// was not put into its place, because the daemon was killed in between: a client
// that asks how much has come would take it for done. It sends that byte again.
func reopenUnfinished(dir string) {
	infos, err := filepath.Glob(filepath.Join(dir, "*.info"))
	if err != nil {
		return // the pattern is none then
	}
	for _, path := range infos {
		var info tus.FileInfo
		text, err := os.ReadFile(path)
		if err != nil || json.Unmarshal(text, &info) != nil || info.IsPartial || info.IsFinal || info.Size == 0 || info.SizeIsDeferred {
			continue
		}
		reopen(dir, uploadOf(filepath.Base(path)), info.Size)
	}
}

// reopen does so with one, if nobody is at it.
func reopen(dir, id string, size int64) {
	path := filepath.Join(dir, id)
	if !allThere(path, size) {
		return
	}
	lock, err := filelocker.New(dir).NewLock(id)
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), lockPatience)
	defer cancel()
	if lock.Lock(ctx, func() {}) != nil {
		return // its daemon will see to it
	}
	defer func() { _ = lock.Unlock() }() // it is as good as gone
	if allThere(path, size) {
		_ = os.Truncate(path, size-1) // else it stays as it is
	}
}

// allThere reports whether all of an upload is there, and not in its place.
func allThere(path string, size int64) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() != size {
		return false
	}
	_, err = os.Lstat(path + doneEnd)
	return os.IsNotExist(err)
}
