package fsops

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
)

// journal is the directory in which the names of drafts are noted while there
// are any, or nil. A note is a symlink, which is made in one step and cannot
// be half there: it is called as the draft is, and points to it.
//
//nolint:gochecknoglobals // there is one tree of files
var journal atomic.Pointer[string]

// originEnd ends the names of notes that point to where an adopted file comes
// from.
const originEnd = ".from"

// KeepJournal has the names of drafts noted in dir, which it makes, so that
// who comes after a process that was killed can [Inherit] them.
func KeepJournal(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("make journal: %w", err)
	}
	journal.Store(&dir)
	return nil
}

// note says that a draft is about to be at path, and, unless it is "", which
// file becomes that draft. It returns what takes that back. A draft that
// cannot be noted, because there is no space for that, is made all the same.
func note(path, origin string) (forget func()) {
	dir := journal.Load()
	if dir == nil {
		return func() {}
	}
	at := filepath.Join(*dir, filepath.Base(path))
	if origin != "" {
		_ = os.Symlink(origin, at+originEnd)
	}
	_ = os.Symlink(path, at)
	return func() {
		_ = os.Remove(at)
		if origin != "" {
			_ = os.Remove(at + originEnd)
		}
	}
}

// properDraft is how drafts are called. The name has 64 random bits, so that
// what a note of it points to is that draft and nobody's file.
var properDraft = regexp.MustCompile(`^` + regexp.QuoteMeta(draftPrefix) + `[0-9a-f]{16}(` + draftReplaces + `)?$`)

// Inherited are the drafts that a process has left behind.
type Inherited struct{ notes []string }

// Inherit takes over the notes in the journal of a process that is no more, into
// the one that is kept now. What was adopted is given back at once; what else
// there is, Sweep removes.
func (h *Inherited) Inherit(from string) {
	dir := journal.Load()
	entries, err := os.ReadDir(from)
	if dir == nil || err != nil { // there is no journal
		return
	}
	for _, e := range entries {
		at := filepath.Join(*dir, e.Name())
		if os.Rename(filepath.Join(from, e.Name()), at) == nil { // else somebody else was faster
			h.notes = append(h.notes, at)
		}
	}
	for _, at := range h.notes {
		if path, origin := noted(at), readLink(at+originEnd); path != "" && origin != "" {
			_ = renameNew(path, origin)
		}
	}
}

// noted is the draft that a note is about, or "" where it is about none.
func noted(at string) string {
	path, name := readLink(at), filepath.Base(at)
	if !filepath.IsAbs(path) || filepath.Base(path) != name || !properDraft.MatchString(name) {
		return ""
	}
	return path
}

func readLink(at string) string {
	to, _ := os.Readlink(at) // "" where there is none
	return to
}

// Sweep removes the drafts and their notes, and returns the paths of what was
// there. A note of what cannot be removed stays, and so does what was adopted
// and cannot be given back, as when its old name is taken: it is somebody's.
func (h *Inherited) Sweep() (swept []string, err error) {
	for _, at := range h.notes {
		if of, isOrigin := strings.CutSuffix(at, originEnd); isOrigin && noted(of) != "" {
			continue // goes with that
		}
		path := noted(at)
		if path == "" { // nothing that this package has noted
			_ = os.Remove(at)
			continue
		}
		_, missing := os.Lstat(path)
		if origin := readLink(at + originEnd); origin != "" && missing == nil {
			err = errors.Join(err, fmt.Errorf("give back %s, which is at %s: %w", origin, path, fs.ErrExist))
			continue
		}
		if failed := removeCopy(path); failed != nil {
			err = errors.Join(err, failed)
			continue
		}
		if missing == nil {
			swept = append(swept, path)
		}
		_ = os.Remove(at)
		_ = os.Remove(at + originEnd)
	}
	h.notes = nil
	return swept, err
}

// removeCopy is os.RemoveAll for what this process owns: directories that
// nobody may write to are copied as such.
func removeCopy(path string) error {
	err := os.RemoveAll(path)
	if !errors.Is(err, fs.ErrPermission) {
		return err //nolint:wrapcheck // it names the path
	}
	_ = filepath.WalkDir(path, func(at string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			_ = os.Chmod(at, 0o700)
		}
		return nil // what cannot be opened up is told below
	})
	return os.RemoveAll(path) //nolint:wrapcheck // it names the path
}
