package fsops

import "errors"

var (
	// ErrNotRegular is a device, a pipe or a socket where a file is needed.
	ErrNotRegular = errors.New("not a regular file")

	// ErrEmptyOld is a replacement of nothing, which is everywhere.
	ErrEmptyOld = errors.New("the text to replace is empty")
)
