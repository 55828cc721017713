package fsops

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Watch says what is watched. Symlinks are not followed, but for Root itself.
type Watch struct {
	Root      string // absolute: a directory, or one file
	Recursive bool   // with all directories below it
}

// Change is what has happened to a file or a directory.
type Change struct {
	Kind ChangeKind
	Path string // begins with the root as it was asked for
	From string // of Renamed: what it was called
	Dir  bool
}

// ChangeKind is what has happened.
type ChangeKind string

const (
	// Created also tells of what was moved here from elsewhere.
	Created ChangeKind = "created"
	// Written comes when the writer closes the file, and now and then while it
	// goes on.
	Written ChangeKind = "written"
	// Removed also tells of what was moved elsewhere.
	Removed ChangeKind = "removed"
	// Renamed is within what is watched.
	Renamed ChangeKind = "renamed"
	// Chmod is of the mode, the owner, the times or another attribute.
	Chmod ChangeKind = "chmod"
	// Resync says that changes have been missed: whoever wants to know what is
	// there now has to look.
	Resync ChangeKind = "resync"
)

var (
	// ErrRootGone ends a watch whose root is not there any more.
	ErrRootGone = errors.New("what was watched has been removed or renamed")

	// ErrWatchLimit is more to watch than the system allows.
	ErrWatchLimit = errors.New("the system's limit of watches is reached: watch fewer directories, or raise " +
		"fs.inotify.max_user_watches and fs.inotify.max_user_instances")

	// ErrNoWatch is a platform on which nothing can be watched.
	ErrNoWatch = errors.New("this platform has no inotify(7), so files cannot be watched")
)

// Run calls ready when everything that happens from then on will be told, and
// tell with each change, in their order, from one goroutine. It returns the
// error of ctx, ErrRootGone, or why it cannot go on; before ready, why it
// cannot begin. A new directory is looked through after its watch is set, so
// that nothing in it is missed. Directories that may not be read are left out.
func (w Watch) Run(ctx context.Context, ready func(), tell func(Change)) error {
	found, err := filepath.EvalSymlinks(w.Root)
	if err != nil {
		return pathError("watch", w.Root, err)
	}
	info, err := os.Stat(found)
	if err != nil {
		return pathError("watch", w.Root, err)
	}
	return w.run(ctx, target{found, info}, ready, tell)
}

// target is what the root of a watch leads to.
type target struct {
	path string
	info fs.FileInfo
}
