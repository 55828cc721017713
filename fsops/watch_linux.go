package fsops

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// The waits of an observer.
const (
	// pairing is how long the second half of a rename may take, unless
	// something else happens before. The kernel tells of both at once.
	pairing = 20 * time.Millisecond

	// gathering is how long writes to files that stay open are gathered.
	gathering = 100 * time.Millisecond
)

// errOverflow is a queue of the kernel's that has lost events.
var errOverflow = errors.New("events were lost")

// observer is a Watch that goes on. It belongs to one goroutine.
type observer struct {
	Watch
	target
	only string // the one name in the directory that counts; "" for all
	told func(Change)

	file  *os.File // the inotify instance
	fd    int
	above int32 // the watch of the root's parent, which tells when the root goes
	top   *watchedDir
	dirs  map[int32]*watchedDir

	parents map[int32]bool // the watches of all that are above the root

	buf      []byte
	rest     []byte // events that were read and not yet handled
	read     int64  // bytes of events from the kernel
	at       int64  // of these, the beginning of the event that is handled
	quiet    int64  // events up to here are older than the watch
	settling []*watchedDir
	late     []lateEntry

	moves   []halfMove
	dirty   map[dirEntry]struct{} // written and not yet told
	flushAt time.Time
}

// dirEntry is a name in a directory.
type dirEntry struct {
	dir  *watchedDir
	name string
}

// lateEntry is a directory that could not be entered, because a parent is not
// where it was: the events that say so are still to come.
type lateEntry struct {
	dirEntry
	tell bool
}

// halfMove is a name that has gone, and may come back as another.
type halfMove struct {
	dirEntry
	cookie uint32
	isDir  bool
	comes  bool // the second half is read and not yet handled
	until  time.Time
}

func (w Watch) run(ctx context.Context, t target, ready func(), tell func(Change)) error {
	o := &observer{Watch: w, target: t, told: tell, buf: make([]byte, 64<<10)}
	if !t.info.IsDir() {
		o.only, o.Recursive = filepath.Base(t.path), false
	}
	begun := false
	begin := func() {
		if begun {
			o.told(Change{Kind: Resync, Path: w.Root, Dir: o.only == ""})
			return
		}
		begun = true
		ready()
	}
	for {
		err := o.session(ctx, begin)
		switch {
		case errors.Is(err, errOverflow): // all that was known may be wrong
			continue
		case begun && absent(err):
			return o.gone()
		}
		return err
	}
}

// session watches with one instance of inotify.
func (o *observer) session(ctx context.Context, ready func()) error {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return o.limit(o.Root, err)
	}
	o.fd, o.file = fd, os.NewFile(uintptr(fd), "inotify")
	file := o.file
	defer file.Close() //nolint:errcheck // only read from
	stop := context.AfterFunc(ctx, func() { _ = file.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	o.dirs, o.dirty = map[int32]*watchedDir{}, map[dirEntry]struct{}{}
	o.moves, o.settling, o.late, o.rest = nil, nil, nil, nil
	o.read, o.at, o.flushAt = 0, 0, time.Time{}
	if err := o.begin(ctx); err != nil {
		return err
	}
	o.quiet = o.queued()
	ready()
	return o.loop(ctx)
}

// loop handles events until it fails.
func (o *observer) loop(ctx context.Context) error {
	for {
		if len(o.rest) == 0 {
			if err := o.wait(ctx); err != nil {
				return err
			}
		}
		for handled := 1; len(o.rest) > 0; handled++ {
			o.at = o.read - int64(len(o.rest))
			var e inotifyEvent
			e, o.rest = cutEvent(o.rest)
			if err := o.handle(ctx, e); err != nil {
				return err
			}
			if handled%manyEvents == 0 {
				o.expire(time.Now())
			}
		}
		o.settle()
		o.expire(time.Now())
		if err := o.enterLate(ctx); err != nil {
			return err
		}
	}
}

// manyEvents is after how many events the clock is looked at: they take less
// than a millisecond.
const manyEvents = 256

// deadline is when something has to be told that waits.
func (o *observer) deadline() time.Time {
	soonest := o.flushAt
	if len(o.late) > 0 {
		soonest = time.Now().Add(pairing)
	}
	for _, m := range o.moves {
		if soonest.IsZero() || m.until.Before(soonest) {
			soonest = m.until
		}
	}
	return soonest
}

// expire tells what has waited long enough.
func (o *observer) expire(now time.Time) {
	for len(o.moves) > 0 && len(o.rest) == 0 && !now.Before(o.moves[0].until) {
		o.moveOut(0)
	}
	if !o.flushAt.IsZero() && !now.Before(o.flushAt) {
		o.flush()
	}
}

// flush tells of all that was written.
func (o *observer) flush() {
	for e := range o.dirty {
		if !e.dir.dropped {
			o.tell(Written, e, false)
		}
	}
	clear(o.dirty)
	o.flushAt = time.Time{}
}

// tell tells of a name in a directory, if it counts.
func (o *observer) tell(kind ChangeKind, e dirEntry, isDir bool) {
	if o.counts(e.name) {
		o.told(Change{Kind: kind, Path: o.pathOf(e), Dir: isDir})
	}
}

func (o *observer) counts(name string) bool {
	return o.at >= o.quiet && (o.only == "" || o.only == name)
}

// pathOf is a path as whoever asked for the watch knows it.
func (o *observer) pathOf(e dirEntry) string {
	if o.only != "" {
		return filepath.Join(filepath.Dir(o.Root), e.name)
	}
	return filepath.Join(o.Root, e.dir.below(e.name))
}

// realPath is one that no symlink leads through.
func (o *observer) realPath(e dirEntry) string {
	if o.only != "" {
		return filepath.Join(filepath.Dir(o.path), e.name)
	}
	return filepath.Join(o.path, e.dir.below(e.name))
}

// gone tells that there is nothing to watch any more.
func (o *observer) gone() error {
	for len(o.moves) > 0 {
		o.moveOut(0)
	}
	o.told(Change{Kind: Removed, Path: o.Root, Dir: o.only == ""})
	return ErrRootGone
}

// limit is err, or what the system says when there are too many watches
// (inotify_add_watch(2), ENOSPC).
func (o *observer) limit(path string, err error) error {
	for _, of := range []error{unix.ENOSPC, unix.EMFILE, unix.ENFILE, unix.ENOMEM} {
		if errors.Is(err, of) {
			return fmt.Errorf("watch %s: %w (%w)", path, ErrWatchLimit, errno{err})
		}
	}
	return &fs.PathError{Op: "watch", Path: o.Root, Err: err}
}

// errno is an error that is not to be told apart: no space for a watch is not
// no space on a disk.
type errno struct{ cause error }

// Error implements error.
func (e errno) Error() string { return e.cause.Error() }
