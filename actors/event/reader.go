package event

import (
	"errors"
	"fmt"
	"os"
)

// errMoved says that a file was gone when it was opened: what it held has been
// evicted, or somebody emptied the directory.
var errMoved = errors.New("log file is gone")

// remainder is the part of a segment that a reader has not read yet.
type remainder struct {
	buf  []byte   // nil where it is in a file
	seg  *segment // whose buf it is, pinned until read has it
	ext  *extent
	at   int64 // offset in the file
	n    int
	last int64 // id of its last event, of a log
}

// from returns the part of the segment from the spool's offset off, which is
// to be given to read; the spool's mu is held.
func (seg *segment) from(off int64) remainder {
	at := off - seg.off
	if seg.buf != nil {
		seg.pins.Add(1)
		return remainder{buf: seg.buf[at:seg.n:seg.n], seg: seg}
	}
	return remainder{ext: seg.ext, at: seg.extAt + at, n: seg.n - int(at)}
}

// from returns what there is from off, which is in the segment i, in one
// place: the rest of that segment, and in a file of those behind it while that
// is less than most. It is to be given to a reader; mu is held.
func (s *spool) from(i int, off, most int64) remainder {
	r := s.segs[i].from(off)
	if r.ext == nil {
		return r
	}
	for _, seg := range s.segs[i+1:] {
		if int64(r.n) >= most || seg.ext != r.ext {
			break
		}
		r.n += seg.n
	}
	return r
}

// reader reads remainders, those in files through one buffer and one
// descriptor. The zero value is ready. It belongs to one goroutine.
type reader struct {
	ext    *extent
	file   *os.File
	buf    []byte
	pinned *segment // whose bytes the last read has returned
	missed *extent  // the extent that was gone last time
}

// read returns the bytes of rest, valid until the next call. The first time
// that a file is gone it returns errMoved, so that the caller looks again.
func (r *reader) read(rest remainder) ([]byte, error) {
	if rest.buf != nil {
		r.close()
		r.pinned = rest.seg
		return rest.buf, nil
	}
	r.unpin()
	if err := r.open(rest.ext); err != nil {
		return nil, err
	}
	if r.buf == nil {
		r.buf = newBuffer()
	}
	if cap(r.buf) < rest.n {
		r.buf = make([]byte, 0, rest.n)
	}
	b := r.buf[:rest.n]
	if _, err := r.file.ReadAt(b, rest.at); err != nil {
		return nil, fmt.Errorf("read log file: %w", err)
	}
	return b, nil
}

// copy copies what it can of rest to p, and returns how much that was.
func (r *reader) copy(p []byte, rest remainder) (int, error) {
	if rest.buf != nil {
		defer rest.seg.pins.Add(-1)
		return copy(p, rest.buf), nil
	}
	if err := r.open(rest.ext); err != nil {
		return 0, err
	}
	p = p[:min(len(p), rest.n)]
	if _, err := r.file.ReadAt(p, rest.at); err != nil {
		return 0, fmt.Errorf("read log file: %w", err)
	}
	return len(p), nil
}

func (r *reader) open(ext *extent) error {
	if r.ext == ext {
		return nil
	}
	r.closeFile()
	f, err := os.Open(ext.path)
	if errors.Is(err, os.ErrNotExist) && r.missed != ext {
		r.missed = ext
		return errMoved
	}
	if err != nil {
		return fmt.Errorf("open log file: %w", err)
	}
	r.ext, r.file = ext, f
	return nil
}

func (r *reader) closeFile() {
	if r.file != nil {
		_ = r.file.Close() // read only
	}
	r.ext, r.file = nil, nil
}

// close gives back the buffer and the descriptor; the next read takes new ones.
func (r *reader) close() {
	r.closeFile()
	r.release()
}

// release is close that keeps the descriptor.
func (r *reader) release() {
	r.unpin()
	if r.buf != nil {
		reuse(r.buf)
	}
	r.buf = nil
}

func (r *reader) unpin() {
	if r.pinned != nil {
		r.pinned.pins.Add(-1)
	}
	r.pinned = nil
}
