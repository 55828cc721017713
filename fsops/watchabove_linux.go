package fsops

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

const (
	// rootMask is what is watched of the root's parent.
	rootMask = unix.IN_DELETE | unix.IN_MOVED_FROM

	// aboveMask is what is watched of all that are above the root: a directory
	// that is renamed takes along what is below it, which is not told of that.
	aboveMask = unix.IN_MOVE_SELF | unix.IN_ONLYDIR | unix.IN_DONT_FOLLOW | unix.IN_MASK_ADD
)

// topPath is that of the directory that is watched first.
func (o *observer) topPath() string {
	if o.only != "" {
		return filepath.Dir(o.path)
	}
	return o.path
}

// stays reports whether that directory is still where it was.
func (o *observer) stays() bool {
	info, err := os.Lstat(o.topPath())
	return err == nil && os.SameFile(info, o.top.info)
}

// watchAbove watches the parents of dir, which is watched by now, as far as
// they may be read. The nearest tells when a root goes that would not tell by
// itself, because a process is in it.
func (o *observer) watchAbove(dir string) error {
	o.above, o.parents = -1, map[int32]bool{}
	for at := dir; filepath.Dir(at) != at; {
		mask := uint32(aboveMask)
		if at == o.path {
			mask |= rootMask
		}
		below := at
		at = filepath.Dir(at)
		wd, err := unix.InotifyAddWatch(o.fd, at, mask)
		switch {
		case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.ENOMEM):
			return o.limit(o.Root, err)
		case err != nil: // it may not be read, or is not there any more
			continue
		}
		o.parents[int32(wd)] = true //nolint:gosec // the kernel's int
		if below == o.path {
			o.above = int32(wd) //nolint:gosec // as above
		}
	}
	if !o.stays() { // renamed or replaced before all were watched
		return errOverflow
	}
	return nil
}

// parentTells handles what has happened above the root.
func (o *observer) parentTells(e inotifyEvent) error {
	switch {
	case e.wd == o.above && e.name == filepath.Base(o.path) && e.is(rootMask),
		e.is(unix.IN_MOVE_SELF) && !o.stays():
		return o.gone()
	}
	return nil
}
