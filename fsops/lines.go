package fsops

import (
	"bytes"
	"io"
)

// Lines is the part of a text from line first, counted from 1, with at most
// count lines; a negative count is all. A line ends with a line feed, which
// belongs to it, and the last may lack it. It needs memory for one chunk,
// however long the lines are.
type Lines struct {
	source io.Reader
	skip   int64 // lines still to be passed over
	left   int64 // lines still to be given; negative is all
	buf    []byte
	rest   []byte // of buf, read and not yet looked at
	err    error
}

// NewLines returns the lines of source.
func NewLines(source io.Reader, first, count int64) *Lines {
	return &Lines{source: source, skip: max(first, 1) - 1, left: count, buf: make([]byte, 64<<10)}
}

// Read implements io.Reader.
func (l *Lines) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if l.left == 0 {
			return 0, io.EOF
		}
		if len(l.rest) == 0 {
			if l.err != nil {
				return 0, l.err
			}
			var n int
			n, l.err = l.source.Read(l.buf)
			l.rest = l.buf[:n]
		}
		l.pass()
		if n := copy(p, l.rest); n > 0 {
			n = l.give(p[:n])
			l.rest = l.rest[n:]
			return n, nil
		}
	}
}

// pass goes over the lines before the first.
func (l *Lines) pass() {
	for l.skip > 0 && len(l.rest) > 0 {
		if n := int64(bytes.Count(l.rest, newline)); n < l.skip {
			l.skip -= n
			l.rest = nil
			return
		}
		l.rest = l.rest[bytes.IndexByte(l.rest, '\n')+1:]
		l.skip--
	}
}

// give is how much of p belongs to the lines that are left.
func (l *Lines) give(p []byte) int {
	if l.left < 0 {
		return len(p)
	}
	if n := int64(bytes.Count(p, newline)); n < l.left {
		l.left -= n
		return len(p)
	}
	at := 0
	for ; l.left > 0; l.left-- {
		at += bytes.IndexByte(p[at:], '\n') + 1
	}
	return at
}

var newline = []byte{'\n'}
