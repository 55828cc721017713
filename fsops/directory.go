package fsops

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// List describes what is below the directory root, down to depth levels:
// each directory in lexical order, with what is in it right behind it.
// Symlinks are not followed. Drafts and what goes away meanwhile are left
// out, as is what is in a directory below root that may not be read.
func List(root string, depth int) ([]Info, error) {
	info, err := lstat(root)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, &fs.PathError{Op: "list", Path: root, Err: syscall.ENOTDIR}
	}
	list := []Info{}
	if depth <= 0 {
		return list, nil
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err //nolint:wrapcheck // it names the path
	}
	return appendEntries(list, root, entries, depth), nil
}

func appendEntries(list []Info, dir string, entries []fs.DirEntry, depth int) []Info {
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info, err := Stat(path)
		if err != nil || IsDraft(e.Name()) {
			continue
		}
		list = append(list, info)
		if !e.IsDir() || depth == 1 {
			continue
		}
		if below, err := os.ReadDir(path); err == nil {
			list = appendEntries(list, path, below, depth-1)
		}
	}
	return list
}

// MakeDir makes a directory with its parents, which may be there already. The
// mode and the owner are those of the last one; one that is there keeps its
// own where none is asked for.
func MakeDir(path string, mode *fs.FileMode, owner Owner) error {
	if err := os.MkdirAll(path, 0o777); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	return SetPermission(path, mode, owner)
}

// SetPermission changes the mode and the owner of what is at path, or where a
// symlink there points. What is nil stays.
func SetPermission(path string, mode *fs.FileMode, owner Owner) error {
	if uid, gid := owner.ids(); uid >= 0 || gid >= 0 {
		if err := os.Chown(path, uid, gid); err != nil {
			return err //nolint:wrapcheck // it names the path
		}
	}
	// After the owner: chown(2) takes the set-user-ID bit away.
	if mode != nil {
		return os.Chmod(path, *mode) //nolint:wrapcheck // it names the path
	}
	return nil
}

// CheckRemovable fails where RemoveFile would: at a directory.
func CheckRemovable(path string) error {
	info, err := os.Lstat(path)
	if absent(err) {
		return nil
	}
	if err != nil {
		return err //nolint:wrapcheck // it names the path
	}
	if info.IsDir() {
		return &fs.PathError{Op: "remove", Path: path, Err: syscall.EISDIR}
	}
	return nil
}

// RemoveFile removes what is at path unless it is a directory. A symlink is
// removed itself. That there is nothing is no error.
func RemoveFile(path string) error {
	if err := CheckRemovable(path); err != nil {
		return err
	}
	if err := os.Remove(path); !absent(err) {
		return err //nolint:wrapcheck // it names the path
	}
	return nil
}

// ErrRoot is a directory that has no parent.
var ErrRoot = errors.New("the root directory cannot be removed")

// RemoveDir removes a directory with everything in it, following no symlink.
// That there is nothing is no error.
func RemoveDir(path string) error {
	if filepath.Dir(path) == path {
		return &fs.PathError{Op: "remove", Path: path, Err: ErrRoot}
	}
	if err := os.RemoveAll(path); !absent(err) {
		return err //nolint:wrapcheck // it names the path
	}
	return nil
}
