package fsops

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// ErrIntoItself is a directory that is to be moved below itself.
var ErrIntoItself = errors.New("a directory cannot be moved into itself")

// Move gives what is at from the path to, and makes the parents of that. It
// never writes over anything: what is there is an fs.ErrExist. Between
// filesystems it copies, then removes; what fails leaves from as it was.
func Move(from, to string) error {
	if err := CheckMove(from, to); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	err := renameNew(from, to)
	if errors.Is(err, syscall.EXDEV) {
		return moveAcross(from, to)
	}
	if errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.ENOTEMPTY) {
		return &fs.PathError{Op: "move", Path: to, Err: fs.ErrExist}
	}
	return err
}

// CheckMove fails where Move would with what is there now.
func CheckMove(from, to string) error {
	if _, err := lstat(from); err != nil {
		return err
	}
	if strings.HasPrefix(to, from+string(filepath.Separator)) {
		return &fs.PathError{Op: "move", Path: from, Err: ErrIntoItself}
	}
	if _, err := os.Lstat(to); err == nil {
		return &fs.PathError{Op: "move", Path: to, Err: fs.ErrExist}
	}
	return nil
}

// moveAcross copies beside the target, and shows it under its name when it is
// whole.
func moveAcross(from, to string) (err error) {
	dir, err := os.MkdirTemp(filepath.Dir(to), ".execd-move-")
	if err != nil {
		return fmt.Errorf("move %s: %w", from, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	whole := filepath.Join(dir, filepath.Base(to))
	if err := copyTree(from, whole); err != nil {
		return fmt.Errorf("move %s: %w", from, err)
	}
	if err := renameNew(whole, to); err != nil {
		return fmt.Errorf("move %s: %w", from, err)
	}
	return os.RemoveAll(from) //nolint:wrapcheck // it names the path
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
	in, err := os.Open(from)
	if err != nil {
		return err //nolint:wrapcheck // it names the path
	}
	defer in.Close() //nolint:errcheck // only read from
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err //nolint:wrapcheck // it names the path
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}
