package fsops

import (
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// ETag is the strong validator of a file's version (RFC 9110, 8.8.3): its
// inode, size, and the times of its last write and last change.
func ETag(info fs.FileInfo) string {
	inode, changed := version(info)
	return etagOf(inode, info.Size(), info.ModTime().UnixNano(), changed)
}

func etagOf(inode uint64, size, modified, changed int64) string {
	b := append(make([]byte, 0, 64), '"')
	b = strconv.AppendUint(b, inode, 36)
	for _, n := range [...]int64{size, modified, changed} {
		b = strconv.AppendInt(append(b, '-'), n, 36)
	}
	return string(append(b, '"'))
}

// Precondition is what a file must be for a request to be done: the fields
// If-Match and If-None-Match (RFC 9110, 13.1). The zero value is met always.
type Precondition struct {
	Match     string // "*" for any version, or a list of validators; "" for no condition
	NoneMatch string // likewise
}

// PreconditionError is a precondition that is not met.
type PreconditionError struct {
	Path string
	ETag string // of the version there is; "" for none
}

// Error implements error.
func (e *PreconditionError) Error() string {
	if e.ETag == "" {
		return e.Path + " is not the version that was asked for: there is none"
	}
	return e.Path + " is not the version that was asked for: it is " + e.ETag
}

// Check fails with a PreconditionError when the file at path, or where a
// symlink there points, does not meet p. It is worth what the caller's [Lock]
// of the path is.
func (p Precondition) Check(path string) error { return p.check(path, os.Stat) }

// CheckEntry is Check for who removes or renames what is at path, which may
// be a symlink: then its own version counts.
func (p Precondition) CheckEntry(path string) error { return p.check(path, os.Lstat) }

func (p Precondition) check(path string, stat func(string) (fs.FileInfo, error)) error {
	if p == (Precondition{}) {
		return nil
	}
	tag := ""
	info, err := stat(path)
	switch {
	case err == nil:
		tag = ETag(info)
	case !absent(err):
		return err
	}
	if p.Match != "" && !lists(p.Match, tag) || p.NoneMatch != "" && lists(strong(p.NoneMatch), tag) {
		return &PreconditionError{Path: path, ETag: tag}
	}
	return nil
}

// strong makes strong validators of weak ones, which count as well where a
// version must not be there (RFC 9110, 13.1.2).
func strong(list string) string { return strings.ReplaceAll(list, `W/"`, `"`) }

// lists reports whether a list of validators has one. The comparison is the
// strong one: a weak validator matches nothing.
func lists(list, tag string) bool {
	if tag == "" {
		return false
	}
	if strings.TrimSpace(list) == "*" {
		return true
	}
	for item := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(item) == tag {
			return true
		}
	}
	return false
}
