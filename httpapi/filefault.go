package httpapi

import (
	"errors"
	"io/fs"
	"syscall"

	"execd/actors/msg"
	"execd/fsops"
)

// fileFaults is what a client is told of the errors of fsops, the first that
// is one.
//
//nolint:gochecknoglobals // a table
var fileFaults = []struct {
	is   error
	code msg.Code
}{
	{fsops.ErrBadPath, msg.InvalidRequest},
	{fsops.ErrNoName, msg.InvalidFile},
	{fsops.ErrBadArchive, msg.InvalidFileContent},
	{fsops.ErrTooLarge, msg.TooLarge},
	{fsops.ErrBadPattern, msg.InvalidRequest},
	{fsops.ErrBadMode, msg.InvalidRequest},
	{fsops.ErrUnknownOwner, msg.InvalidRequest},
	{fsops.ErrEmptyOld, msg.InvalidRequest},
	{fsops.ErrTwice, msg.InvalidRequest},
	{fsops.ErrChanged, msg.PreconditionFailed},
	{fsops.ErrIntoItself, msg.InvalidRequest},
	{fsops.ErrRoot, msg.InvalidRequest},
	{fsops.ErrNotRegular, msg.InvalidFile},
	{fsops.ErrWatchLimit, msg.TooManyWatches},
	{fsops.ErrNoWatch, msg.NotSupported},
	{syscall.EISDIR, msg.InvalidFile},
	{syscall.ENOTDIR, msg.InvalidFile},
	{syscall.ELOOP, msg.InvalidFile},
	{syscall.EBUSY, msg.InvalidFile}, // something is mounted there
	{syscall.ENAMETOOLONG, msg.InvalidRequest},
	{fs.ErrNotExist, msg.FileNotFound},
	{fs.ErrExist, msg.FileExists},
	{fs.ErrPermission, msg.PermissionDenied},
	{syscall.EROFS, msg.PermissionDenied},
	{syscall.ENOSPC, msg.NoSpace},
	{syscall.EDQUOT, msg.NoSpace},
	{syscall.EFBIG, msg.NoSpace},
}

// fileFault is what a client is told about an error of fsops, which names the
// path.
func fileFault(err error) error {
	var stale *fsops.PreconditionError
	if errors.As(err, &stale) {
		return msg.Errorf(msg.PreconditionFailed, "%w", err)
	}
	for _, f := range fileFaults {
		if errors.Is(err, f.is) {
			return msg.Errorf(f.code, "%w", err)
		}
	}
	return err
}
