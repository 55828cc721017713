package fsops

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// Park finishes the content and gives back its descriptor, for a caller that
// has many drafts. What is left of Commit is one rename.
func (d *Draft) Park() error {
	if d.file == nil {
		return nil
	}
	if err := d.seal(); err != nil {
		return err
	}
	err := d.file.Close()
	d.file = nil
	if err != nil {
		return pathError("write", d.place.Path, err)
	}
	return nil
}

// Commit puts the content into its place, durably: when it returns without
// an error, it is there after a crash too. The caller holds the path's lock
// if it has compared versions before.
func (d *Draft) Commit() (fs.FileInfo, error) {
	made, err := makeParents(filepath.Dir(d.target))
	if err == nil {
		err = d.seal()
	}
	if err == nil {
		err = d.replace()
	}
	if err != nil {
		for _, dir := range made {
			_ = os.Remove(dir) // unless somebody else has put something there
		}
		return nil, pathError("write", d.place.Path, err)
	}
	if err := syncDirs(append(made, filepath.Dir(d.target), d.dir)); err != nil {
		return nil, pathError("write", d.place.Path, err)
	}
	info, err := os.Lstat(d.target)
	if err != nil {
		return nil, pathError("write", d.place.Path, err)
	}
	return info, nil
}

// makeParents makes a directory and its parents. It returns those that were
// not there, the deepest first.
func makeParents(dir string) ([]string, error) {
	var made []string
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) || filepath.Dir(at) == at {
			break
		}
		made = append(made, at)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return made, err //nolint:wrapcheck // the caller does
	}
	return made, nil
}

// seal gives the draft the owner, mode and name that it needs for its place,
// and has it written to the disk.
func (d *Draft) seal() error {
	if d.sealed {
		return nil
	}
	old, err := os.Lstat(d.target)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return pathError("write", d.place.Path, err)
	}
	if err := d.own(old); err != nil {
		return pathError("write", d.place.Path, err)
	}
	mode := d.place.Mode
	if mode == nil && old != nil {
		kept := old.Mode() & modeBits
		mode = &kept
	}
	if mode != nil {
		if err := d.file.Chmod(*mode); err != nil {
			return pathError("write", d.place.Path, err)
		}
	}
	if err := d.file.Sync(); err != nil {
		return pathError("write", d.place.Path, err)
	}
	if d.name == "" {
		name := d.freshName(old != nil)
		d.forget = note(name, "")
		if err := link(d.file, name); err != nil {
			return pathError("write", d.place.Path, err)
		}
		d.name = name
	}
	// The kernel gives all files of a tick of its clock one time, up to 10 ms,
	// and an inode that was freed again: a version with no time of its own
	// could look like an earlier one.
	now := time.Now()
	if err := os.Chtimes(d.name, now, now); err != nil {
		return pathError("write", d.place.Path, err)
	}
	d.sealed = true
	return nil
}

// own gives the draft to who is asked for, and to the old file's owner where
// nobody is. Whoever may not give files away can still write to those of
// others.
func (d *Draft) own(old fs.FileInfo) error {
	uid, gid := d.place.Owner.ids()
	asked := uid >= 0 || gid >= 0
	if oldUID, oldGID, ok := ownerOf(old); ok {
		if uid < 0 {
			uid = oldUID
		}
		if gid < 0 {
			gid = oldGID
		}
	}
	err := chownUnless(d.file, uid, gid)
	if !asked && errors.Is(err, fs.ErrPermission) {
		d.overwrite = true
		return nil
	}
	return err
}

// chownUnless gives f to uid and gid unless it is theirs; -1 leaves.
func chownUnless(f *os.File, uid, gid int) error {
	info, err := f.Stat()
	if err != nil {
		return err //nolint:wrapcheck // the caller does
	}
	hasUID, hasGID, ok := ownerOf(info)
	if !ok || (uid < 0 || hasUID == uid) && (gid < 0 || hasGID == gid) {
		return nil
	}
	return f.Chown(uid, gid) //nolint:wrapcheck // the caller does
}

// replace renames the draft to its target.
func (d *Draft) replace() error {
	if !d.overwrite {
		err := os.Rename(d.name, d.target)
		if err == nil {
			d.unnamed()
			return nil
		}
		// A file that is mounted by itself, as a container's /etc/hosts,
		// cannot be replaced (rename(2), EBUSY).
		if !errors.Is(err, syscall.EBUSY) {
			return pathError("write", d.place.Path, err)
		}
	}
	if err := d.copyOver(); err != nil {
		return pathError("write", d.place.Path, err)
	}
	return nil
}

// copyOver writes the content into the old file, which keeps its owner and
// mode by that. It is the one case where a reader may see half of it.
func (d *Draft) copyOver() (err error) {
	from, err := os.Open(d.name)
	if err != nil {
		return err //nolint:wrapcheck // the caller does
	}
	defer func() { _ = from.Close() }() // only read
	to, err := os.OpenFile(d.target, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err //nolint:wrapcheck // the caller does
	}
	uid, gid := d.place.Owner.ids()
	_, err = io.Copy(to, from)
	if err == nil && d.place.Mode != nil {
		err = to.Chmod(*d.place.Mode)
	}
	if err == nil {
		err = chownUnless(to, uid, gid)
	}
	if err == nil {
		err = unlessUnsynced(to.Sync())
	}
	return errors.Join(err, to.Close())
}

// syncDirs has the entries of directories written to the disk (fsync(2)).
func syncDirs(dirs []string) error {
	slices.Sort(dirs)
	for _, dir := range slices.Compact(dirs) {
		f, err := os.Open(dir)
		if errors.Is(err, fs.ErrPermission) {
			continue // it may be written and not read; then the system decides when
		}
		if err != nil {
			return err //nolint:wrapcheck // the caller does
		}
		err = f.Sync()
		_ = f.Close() // nothing was written through it
		if err := unlessUnsynced(err); err != nil {
			return err
		}
	}
	return nil
}

// unlessUnsynced is err, but for what is on no disk (fsync(2), EINVAL).
func unlessUnsynced(err error) error {
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		return nil
	}
	return err
}
