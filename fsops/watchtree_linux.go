package fsops

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// dirMask is what is watched of directories. What is removed and still open
// has no name any more, so nothing is told of it.
const dirMask = unix.IN_CREATE | unix.IN_DELETE | unix.IN_MOVED_FROM | unix.IN_MOVED_TO | unix.IN_MODIFY | unix.IN_CLOSE_WRITE |
	unix.IN_ATTRIB | unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_ONLYDIR | unix.IN_EXCL_UNLINK | unix.IN_MASK_ADD

// begin sets the first watches: of the root, of what is below it, and of its
// parents. Where a file is watched the root is the nearest of them, because
// what replaces it is another file.
func (o *observer) begin(ctx context.Context) error {
	dirs, err := o.watchTop(ctx, o.topPath())
	if err != nil {
		return err
	}
	return o.enterAll(ctx, o.top, dirs, false)
}

// watchTop watches the root and its parents, and returns the directories in
// it.
func (o *observer) watchTop(ctx context.Context, dir string) ([]string, error) {
	f, err := os.OpenFile(dir, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, pathError("watch", o.Root, err)
	}
	defer f.Close() //nolint:errcheck // only read from
	wd, err := o.add(f, dirMask)
	if err != nil {
		return nil, o.limit(o.Root, err)
	}
	if o.top, err = o.newDir(wd, f); err != nil {
		return nil, err
	}
	if err := o.watchAbove(dir); err != nil || !o.Recursive {
		return nil, err
	}
	return o.look(ctx, o.top, f, false)
}

// add watches the directory that f is, whatever its path leads to by now.
func (o *observer) add(f *os.File, mask uint32) (int32, error) {
	path := "/proc/self/fd/" + strconv.Itoa(int(f.Fd()))
	if !canLink() { // there is no /proc
		path, mask = f.Name(), mask|unix.IN_DONT_FOLLOW
	}
	wd, err := unix.InotifyAddWatch(o.fd, path, mask)
	return int32(wd), err //nolint:gosec,wrapcheck // it is one; the caller does
}

// enter watches a directory that has come, and tells what is in it.
func (o *observer) enter(ctx context.Context, at dirEntry, tell bool) error {
	if !o.Recursive || at.dir.dropped {
		return nil
	}
	d, dirs, err := o.watchDir(ctx, at, tell)
	if err != nil || d == nil {
		return err
	}
	return o.enterAll(ctx, d, dirs, tell)
}

func (o *observer) enterAll(ctx context.Context, d *watchedDir, dirs []string, tell bool) error {
	for _, name := range dirs {
		if err := o.enter(ctx, dirEntry{d, name}, tell); err != nil {
			return err
		}
	}
	return nil
}

// newDir is a node for a directory that is watched by now.
func (o *observer) newDir(wd int32, f *os.File) (*watchedDir, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, pathError("watch", o.Root, err)
	}
	d := &watchedDir{wd: wd, info: info}
	o.dirs[wd] = d
	return d, nil
}

// watchDir watches one directory and returns those in it; or nil where that
// is not there any more, may not be read, or is watched already.
func (o *observer) watchDir(ctx context.Context, at dirEntry, tell bool) (*watchedDir, []string, error) {
	f, err := o.open(at, tell)
	if err != nil || f == nil {
		return nil, nil, err
	}
	defer f.Close() //nolint:errcheck // only read from
	if made(f) {
		return nil, nil, nil
	}
	wd, err := o.add(f, dirMask)
	if errors.Is(err, fs.ErrPermission) || absent(err) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, o.limit(o.pathOf(at), err)
	}
	if err := o.pull(); err != nil {
		return nil, nil, err
	}
	if known := o.dirs[wd]; known != nil {
		// It is here, or mounted at two places, or, for what is known, still
		// where it was moved from: then this is its place when it is dropped.
		if here := (dirEntry{known.parent, known.name}); here != at && !o.comes(at) {
			known.also = append(known.also, lateEntry{at, tell})
		}
		return nil, nil, nil
	}
	if o.comes(at) { // this may be another directory than the one that was told
		_, _ = unix.InotifyRmWatch(o.fd, uint32(wd)) //nolint:gosec // it may be gone with the directory
		return nil, nil, nil
	}
	d, err := o.newDir(wd, f)
	if err != nil {
		return nil, nil, err
	}
	if old := at.dir.dirs[at.name]; old != nil {
		o.drop(old)
	}
	d.attach(at.dir, at.name)
	dirs, err := o.look(ctx, d, f, tell)
	return d, dirs, err
}

// open opens a directory, if the one that it is in is where it is known to
// be. It returns nil where there is none, or none yet.
func (o *observer) open(at dirEntry, tell bool) (*os.File, error) {
	parent, err := os.OpenFile(o.realPath(dirEntry{at.dir, ""}), os.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err == nil {
		defer parent.Close() //nolint:errcheck // only read from
		var info fs.FileInfo
		if info, err = parent.Stat(); err == nil && !os.SameFile(info, at.dir.info) {
			err = fs.ErrNotExist
		}
	}
	if err != nil {
		if absent(err) {
			o.late = append(o.late, lateEntry{at, tell})
			return nil, nil //nolint:nilnil // there is none, which is no error
		}
		return nil, o.unreadable(at, err)
	}
	fd, err := unix.Openat(int(parent.Fd()), at.name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, o.unreadable(at, err)
	}
	return os.NewFile(uintptr(fd), o.realPath(at)), nil
}

// unreadable is nil unless everything that is opened fails so.
func (o *observer) unreadable(at dirEntry, err error) error {
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return o.limit(o.pathOf(at), err)
	}
	return nil
}

// enterLate tries again what could not be entered. What comes of that may be
// late as well.
func (o *observer) enterLate(ctx context.Context) error {
	for left := len(o.late) + 1; len(o.late) > 0 && len(o.late) < left && len(o.rest) == 0; {
		again := o.late
		left, o.late = len(again), nil
		for _, at := range again {
			if err := o.enter(ctx, at.dirEntry, at.tell); err != nil {
				return err
			}
		}
	}
	if len(o.late) == 0 || len(o.rest) > 0 {
		return nil
	}
	// Who is not there any more without a word is the root, or a parent of it.
	if !o.stays() {
		return o.gone()
	}
	return nil
}

const (
	entriesAtLook = 1024 // entries are read at once

	// mostFound bounds what is remembered of a directory that was looked
	// through. In one that had more, a few may be told twice.
	mostFound = 1 << 16
)

// look finds what is in a directory that is watched by now, and returns the
// directories.
func (o *observer) look(ctx context.Context, d *watchedDir, f *os.File, tell bool) (dirs []string, err error) {
	if tell {
		d.found = map[string]struct{}{}
	}
	for {
		entries, err := f.ReadDir(entriesAtLook)
		for _, e := range entries {
			if IsDraft(e.Name()) {
				continue
			}
			if e.IsDir() {
				dirs = append(dirs, e.Name())
			}
			if tell && len(d.found) < mostFound {
				d.found[e.Name()] = struct{}{}
			}
			if tell {
				o.tellFound(dirEntry{d, e.Name()}, e)
			}
		}
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, io.EOF), absent(err):
			d.foundAt = o.queued()
			if tell {
				o.settling = append(o.settling, d)
			}
			return dirs, nil
		case err != nil:
			return nil, o.limit(o.pathOf(dirEntry{d, ""}), err)
		}
	}
}

// tellFound tells of a file that was there before it was watched.
func (o *observer) tellFound(at dirEntry, e fs.DirEntry) {
	o.tell(Created, at, e.IsDir())
	if !e.Type().IsRegular() {
		return
	}
	if info, err := e.Info(); err == nil && info.Size() > 0 {
		o.tell(Written, at, false)
	}
}
