package fsops

import (
	"context"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// handle does what one event asks for.
func (o *observer) handle(ctx context.Context, e inotifyEvent) error {
	if e.is(unix.IN_Q_OVERFLOW) {
		return errOverflow
	}
	if o.parents[e.wd] {
		if err := o.parentTells(e); err != nil || o.dirs[e.wd] == nil {
			return err
		}
	}
	if err := o.settleMoves(e); err != nil {
		return err
	}
	d := o.dirs[e.wd]
	switch {
	case d == nil:
		o.vanished(e)
		return nil
	case e.name == "":
		return o.self(d, e)
	}
	return o.named(ctx, dirEntry{d, e.name}, e)
}

// self handles what has happened to a watched directory itself. But for the
// root, its parent tells more of it.
func (o *observer) self(d *watchedDir, e inotifyEvent) error {
	ends := e.is(unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_UNMOUNT | unix.IN_IGNORED)
	switch {
	case d == o.top && ends:
		return o.gone()
	case d == o.top && e.is(unix.IN_ATTRIB) && o.only == "" && o.at >= o.quiet:
		o.told(Change{Kind: Chmod, Path: o.Root, Dir: true})
	case e.is(unix.IN_UNMOUNT): // another directory is there now
		return errOverflow
	case e.is(unix.IN_IGNORED):
		delete(o.dirs, d.wd)
		o.drop(d)
	}
	return nil
}

// named handles what has happened to a name in a directory.
func (o *observer) named(ctx context.Context, at dirEntry, e inotifyEvent) error {
	isDir := e.is(unix.IN_ISDIR)
	switch {
	case e.is(unix.IN_MOVED_FROM):
		o.written(at)
		o.moves = append(o.moves, halfMove{dirEntry: at, cookie: e.cookie, isDir: isDir, until: time.Now().Add(pairing)})
	case e.is(unix.IN_MOVED_TO):
		return o.moveIn(ctx, at, e.cookie, isDir)
	case IsDraft(at.name):
	case e.is(unix.IN_CREATE):
		return o.created(ctx, at, isDir)
	case e.is(unix.IN_DELETE):
		o.removed(at, isDir)
		if at.name == o.only {
			return ErrRootGone
		}
	case e.is(unix.IN_MODIFY):
		o.dirty[at] = struct{}{}
		if o.flushAt.IsZero() {
			o.flushAt = time.Now().Add(gathering)
		}
	case e.is(unix.IN_CLOSE_WRITE):
		o.written(at)
	case e.is(unix.IN_ATTRIB) && !o.nameless(at):
		o.tell(Chmod, at, isDir)
	}
	return nil
}

// nameless reports whether a name is only what the kernel calls a file that
// has none (open(2), O_TMPFILE): a number behind a #.
func (o *observer) nameless(at dirEntry) bool {
	if at.name[0] != '#' {
		return false
	}
	_, err := os.Lstat(o.realPath(at))
	return absent(err)
}

// created tells of what has come, unless that was told when its directory was
// looked through.
func (o *observer) created(ctx context.Context, at dirEntry, isDir bool) error {
	if !o.wasFound(at) {
		o.tell(Created, at, isDir)
	}
	if isDir {
		return o.enter(ctx, at, o.at >= o.quiet)
	}
	return nil
}

// wasFound reports whether a name has been told already, once: another one of
// that name is new.
func (o *observer) wasFound(at dirEntry) bool {
	_, found := at.dir.found[at.name]
	delete(at.dir.found, at.name)
	return found && o.at < at.dir.foundAt
}

func (o *observer) removed(at dirEntry, isDir bool) {
	delete(o.dirty, at)
	delete(at.dir.found, at.name)
	if d := at.dir.dirs[at.name]; d != nil && isDir {
		o.drop(d)
	}
	o.tell(Removed, at, isDir)
}

// written tells of a file that was written to since it was last told.
func (o *observer) written(at dirEntry) {
	if _, dirty := o.dirty[at]; dirty {
		delete(o.dirty, at)
		o.tell(Written, at, false)
	}
}

// settleMoves tells what has gone for good before the next event is handled,
// which is about the tree without it.
func (o *observer) settleMoves(next inotifyEvent) error {
	for i := 0; i < len(o.moves); {
		m := &o.moves[i]
		if !m.comes && (m.cookie != next.cookie || !next.is(unix.IN_MOVED_TO)) {
			if err := o.pull(); err != nil {
				return err
			}
			if m.comes = o.arrives(m.cookie); !m.comes {
				o.moveOut(i)
				continue
			}
		}
		i++
	}
	return nil
}

// vanished handles an event of a directory that nobody watches any more: what
// has gone there has gone before the next event, which may be of its old name.
func (o *observer) vanished(e inotifyEvent) {
	if !e.is(unix.IN_MOVED_TO) {
		return
	}
	if i := slices.IndexFunc(o.moves, func(m halfMove) bool { return m.cookie == e.cookie }); i >= 0 {
		o.moveOut(i)
	}
}

// moveOut tells of what has gone to where nobody watches.
func (o *observer) moveOut(i int) {
	m := o.moves[i]
	o.moves = slices.Delete(o.moves, i, i+1)
	if !IsDraft(m.name) {
		o.removed(m.dirEntry, m.isDir)
	}
}

// moveIn handles a name that was another's before.
func (o *observer) moveIn(ctx context.Context, to dirEntry, cookie uint32, isDir bool) error {
	i := slices.IndexFunc(o.moves, func(m halfMove) bool { return m.cookie == cookie })
	switch {
	case IsDraft(to.name): // it is as good as gone
		return o.moveAway(i)
	case i < 0:
		return o.created(ctx, to, isDir)
	}
	from := o.moves[i].dirEntry
	o.moves = slices.Delete(o.moves, i, i+1)
	delete(o.dirty, to)
	if IsDraft(from.name) {
		o.placed(from, to)
		return nil
	}
	if o.counts(from.name) || o.counts(to.name) {
		o.told(Change{Kind: Renamed, Path: o.pathOf(to), From: o.pathOf(from), Dir: isDir})
	}
	delete(from.dir.found, from.name)
	if from.name == o.only {
		return ErrRootGone
	}
	if isDir {
		return o.moveDir(ctx, from, to)
	}
	return nil
}

// moveAway tells of what has become a draft, if it is known where it was.
func (o *observer) moveAway(i int) error {
	if i < 0 {
		return nil
	}
	from := o.moves[i].dirEntry
	o.moveOut(i)
	if from.name == o.only {
		return ErrRootGone
	}
	return nil
}

// moveDir moves a directory in the tree, with all that is below it.
func (o *observer) moveDir(ctx context.Context, from, to dirEntry) error {
	d, replaced := from.dir.dirs[from.name], to.dir.dirs[to.name]
	if d == nil {
		return o.enter(ctx, to, true) // which does nothing where it was seen at its new name
	}
	if replaced != nil && replaced != d {
		o.drop(replaced)
	}
	d.detach()
	d.attach(to.dir, to.name)
	return nil
}

// placed tells of a file that this program has put into its place: for
// everybody else it was never called otherwise.
func (o *observer) placed(from, to dirEntry) {
	if !replaces(from.name) {
		if o.wasFound(to) {
			return
		}
		o.tell(Created, to, false)
		if info, err := os.Lstat(o.realPath(to)); err != nil || info.Size() == 0 {
			return
		}
	}
	o.tell(Written, to, false)
}
