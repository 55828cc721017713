package fsops

import (
	"errors"
	"io/fs"
	"syscall"
)

var (
	// ErrNotRegular is a device, a pipe or a socket where a file is needed.
	ErrNotRegular = errors.New("not a regular file")

	// ErrEmptyOld is a replacement of nothing, which is everywhere.
	ErrEmptyOld = errors.New("the text to replace is empty")
)

// absent reports whether err says that there is nothing at a path, also where
// it leads through a file.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}
