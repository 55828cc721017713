package fsops

import (
	"io/fs"
	"os"
)

// renameAbsent looks before it renames: what appears in between is lost.
func renameAbsent(from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return &fs.PathError{Op: "rename", Path: to, Err: fs.ErrExist}
	}
	return os.Rename(from, to) //nolint:wrapcheck // it names the paths
}
