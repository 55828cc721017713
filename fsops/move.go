package fsops

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// ErrIntoItself is a directory that is to be moved below itself.
var ErrIntoItself = errors.New("a directory cannot be moved into itself")

// Renaming is one move of several.
type Renaming struct{ From, To string }

// MoveAll does all of them, one after another, or none: what was moved before
// one that fails is moved back.
func MoveAll(list []Renaming) error {
	var made []string
	for i, r := range list {
		more, err := move(r.From, r.To)
		made = append(more, made...)
		if err == nil {
			continue
		}
		for _, done := range slices.Backward(list[:i]) {
			if _, stuck := move(done.To, done.From); stuck != nil {
				err = fmt.Errorf("%w; and what was at %s stays at %s: %w", err, done.From, done.To, stuck)
			}
		}
		removeEmpty(made)
		return err
	}
	return nil
}

// Move gives what is at from the path to, and makes the parents of that. It
// never writes over anything: what is there is an fs.ErrExist. Between
// filesystems it copies, then removes; what fails leaves from as it was.
func Move(from, to string) error { return MoveAll([]Renaming{{from, to}}) }

// move is Move that tells which directories it has made, the deepest first,
// also when it fails.
func move(from, to string) (made []string, err error) {
	if err := checkMove(from, to); err != nil {
		return nil, err
	}
	if made, err = makeParents(filepath.Dir(to)); err != nil {
		return made, fmt.Errorf("make directory: %w", err)
	}
	err = renameNew(from, to)
	switch {
	case errors.Is(err, syscall.EXDEV):
		err = moveAcross(from, to)
	case errors.Is(err, fs.ErrExist), errors.Is(err, syscall.ENOTEMPTY):
		err = &fs.PathError{Op: "move", Path: to, Err: fs.ErrExist}
	}
	return made, err
}

// removeEmpty removes directories, unless somebody has put something there.
func removeEmpty(dirs []string) {
	for _, dir := range dirs {
		_ = os.Remove(dir)
	}
}

// checkMove fails where Move would with what is there now.
func checkMove(from, to string) error {
	info, err := lstat(from)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(to); err == nil {
		return &fs.PathError{Op: "move", Path: to, Err: fs.ErrExist}
	}
	if !info.IsDir() {
		return nil
	}
	// A symlink may lead back into the directory, and a copy to what is
	// mounted in it would copy itself.
	for at := filepath.Dir(resolve(to)); ; at = filepath.Dir(at) {
		if above, err := os.Stat(at); err == nil && os.SameFile(above, info) {
			return &fs.PathError{Op: "move", Path: from, Err: ErrIntoItself}
		}
		if filepath.Dir(at) == at {
			return nil
		}
	}
}

// moveAcross copies beside the target, and shows it under its name when it is
// whole. The source goes in one step as well: who is killed in the middle
// leaves one of them at least, and none that is half there.
func moveAcross(from, to string) (err error) {
	dir := filepath.Join(filepath.Dir(to), draftName(false))
	forget := note(dir, "")
	if err := os.Mkdir(dir, 0o700); err != nil {
		forget()
		return pathError("move", to, err)
	}
	defer func() { err = errors.Join(err, inPlaceOf(dir, to, discard(dir, forget))) }()
	whole := filepath.Join(dir, filepath.Base(to))
	if err := copyTree(from, whole); err != nil {
		return fmt.Errorf("move %s: %w", from, inPlaceOf(whole, to, err))
	}
	if err := renameNew(whole, to); err != nil {
		return pathError("move", to, err)
	}
	if err := syncDirs([]string{filepath.Dir(to)}); err != nil {
		return errors.Join(fmt.Errorf("move %s: %w", from, err), inPlaceOf(whole, to, os.Rename(to, whole)))
	}
	if moved, err := removeAtOnce(from); err != nil {
		if !moved {
			err = errors.Join(err, inPlaceOf(whole, to, os.Rename(to, whole)))
		}
		return err
	}
	return nil
}

// removeAtOnce removes what is at a path under another name. It tells whether
// that got the name, when it fails: then some of it may be gone.
func removeAtOnce(path string) (renamed bool, err error) {
	gone := filepath.Join(filepath.Dir(path), draftName(false))
	forget := note(gone, "")
	if err := os.Rename(path, gone); err != nil {
		forget()
		return false, pathError("move", path, err)
	}
	if err = inPlaceOf(gone, path, discard(gone, forget)); err == nil {
		return true, nil
	}
	if back := os.Rename(gone, path); back != nil { // it stays noted
		return true, errors.Join(err, pathError("move", path, back))
	}
	forget()
	return true, err
}

// discard removes what is noted, and takes back the note where that is gone.
func discard(path string, forget func()) error {
	err := removeCopy(path)
	if err == nil {
		forget()
	}
	return err
}

// inPlaceOf is an error about a file below a path that only this package
// knows as one about the file in its place.
func inPlaceOf(hidden, shown string, err error) error {
	var inner *fs.PathError
	var link *os.LinkError
	op, path := "", ""
	switch {
	case errors.As(err, &inner):
		op, path = inner.Op, inner.Path
	case errors.As(err, &link):
		op, path = link.Op, link.New
	}
	below, is := strings.CutPrefix(path, hidden)
	if !is {
		return err
	}
	return pathError(op, shown+below, err)
}

// copyTree copies what is at from, with modes, times and, where it may, owners.
func copyTree(from, to string) error {
	info, err := os.Lstat(from)
	if err != nil {
		return err //nolint:wrapcheck // it names the path
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(from)
		if err != nil {
			return err //nolint:wrapcheck // it names the path
		}
		return os.Symlink(target, to) //nolint:wrapcheck // it names the path
	case info.IsDir():
		err = copyDir(from, to)
	case info.Mode().IsRegular():
		err = copyFile(from, to)
	default:
		return &fs.PathError{Op: "copy", Path: from, Err: ErrNotRegular}
	}
	if err != nil {
		return err
	}
	if err := keepOwner(to, info); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	if err := os.Chmod(to, info.Mode()&modeBits); err != nil {
		return err //nolint:wrapcheck // it names the path
	}
	return os.Chtimes(to, info.ModTime(), info.ModTime()) //nolint:wrapcheck // it names the path
}

func copyDir(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err //nolint:wrapcheck // it names the path
	}
	if err := os.Mkdir(to, 0o700); err != nil {
		return err //nolint:wrapcheck // it names the path
	}
	for _, e := range entries {
		if err := copyTree(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	in, _, err := openRegular(from)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // only read from
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err //nolint:wrapcheck // it names the path
	}
	return errors.Join(copyData(out, in), out.Sync(), out.Close())
}
