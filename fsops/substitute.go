package fsops

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// window is what is searched at once. It is many pages, so that calls cost
// less than bytes, and little beside the memory of the process.
const window = 256 << 10

// substitution reads a source with all of a text replaced, as
// [strings.ReplaceAll] does. It holds no more in memory than a window and
// twice the text. It is for one goroutine.
type substitution struct {
	src        io.Reader
	old, after []byte
	count      int64 // so far

	buf    []byte
	rest   []byte // of buf, what was not searched
	ready  []byte // of buf or after, what is given next
	insert bool   // after comes behind what is ready
	last   bool   // rest is the end of the source
}

func newSubstitution(src io.Reader, old, after string) *substitution {
	return &substitution{src: src, old: []byte(old), after: []byte(after), buf: make([]byte, window+2*len(old))}
}

var _ io.Reader = (*substitution)(nil)

// Read implements io.Reader. It fills p, because whoever reads it makes a
// system call of each piece.
func (s *substitution) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(s.ready) == 0 {
			if err := s.next(); err != nil {
				return n, err
			}
		}
		copied := copy(p[n:], s.ready)
		s.ready = s.ready[copied:]
		n += copied
	}
	return n, nil
}

// next makes more ready, perhaps nothing.
func (s *substitution) next() error {
	if s.insert {
		s.ready, s.insert = s.after, false
		return nil
	}
	if i := bytes.Index(s.rest, s.old); i >= 0 {
		s.ready, s.rest = s.rest[:i], s.rest[i+len(s.old):]
		s.insert = true
		s.count++
		return nil
	}
	// The end may be the beginning of another one, which goes on in the
	// source.
	keep := min(len(s.rest), len(s.old)-1)
	if s.last {
		keep = 0
	}
	if sure := len(s.rest) - keep; sure > 0 {
		s.ready, s.rest = s.rest[:sure], s.rest[sure:]
		return nil
	}
	if s.last {
		return io.EOF
	}
	return s.fill()
}

func (s *substitution) fill() error {
	held := copy(s.buf, s.rest)
	n, err := io.ReadFull(s.src, s.buf[held:])
	s.rest = s.buf[:held+n]
	s.last = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if err != nil && !s.last {
		return fmt.Errorf("read: %w", err)
	}
	return nil
}
