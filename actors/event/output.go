package event

import (
	"context"
	"errors"
	"io"
)

// rawShare is the part of a log's memory that the exact bytes may take: they
// are read rarely, and the file cache serves them when they are.
const rawShare = 4

// Output is the exact bytes that a process wrote to stdout and stderr, in the
// order in which they were read. It may grow after the execution has ended,
// by what background children still write. All methods may be called from any
// goroutine. It is made by Store.NewOutput and holds memory and files until
// Remove.
type Output struct {
	spool  spool
	closed bool // guarded by spool.mu
	tags   tags // guarded by spool.mu
}

// NewOutput returns the empty output of the execution id.
func (s *Store) NewOutput(id string) *Output {
	return &Output{spool: spool{
		store: s, name: id + ".output", memory: s.limits.MemoryPerLog / rawShare, disk: s.limits.DiskPerLog, size: segmentSize,
	}}
}

// Write appends p, which is copied, to the first of two streams. It never
// fails; bytes written after Remove are dropped with the execution they
// belong to.
func (o *Output) Write(p []byte) { o.WriteStream(0, p) }

// WriteStream is Write for stream 0 or 1. It is not for an output that a log
// is over, to which Log.Print writes.
func (o *Output) WriteStream(stream int, p []byte) {
	o.spool.mu.Lock()
	o.add(stream, p, 0, 0)
	o.spool.mu.Unlock()
	o.spool.relieve(true)
}

// add is WriteStream for who holds spool.mu. The segments that begin with p
// and within it have these keys.
func (o *Output) add(stream int, p []byte, first, next int64) {
	s := &o.spool
	if s.removed || o.closed {
		return
	}
	o.tags.add(stream, len(p))
	for key := first; len(p) > 0; key = next {
		buf := s.tail(key)
		n := min(len(p), segmentSize-len(buf))
		s.commit(append(buf, p[:n]...))
		p = p[n:]
	}
	s.notify()
}

// held is how many bytes are.
func (o *Output) held() int64 {
	o.spool.mu.Lock()
	defer o.spool.mu.Unlock()
	return o.spool.inMem + o.spool.onDisk
}

// Close says that no byte will follow.
func (o *Output) Close() {
	s := &o.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	o.closed = true
	s.trim()
	s.notify()
}

// Range returns the offset of the oldest byte held and the offset behind the
// newest.
func (o *Output) Range() (oldest, end int64) {
	s := &o.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begin(), s.end
}

// CopyTo writes the bytes from the offset off up to end to w. It returns an
// *EvictedError where they are gone, and otherwise what w returned.
func (o *Output) CopyTo(ctx context.Context, w io.Writer, off, end int64) error {
	var r reader
	defer r.close()
	for off < end {
		if err := ctx.Err(); err != nil {
			return err
		}
		rest, err := o.locate(off, 0)
		if err != nil {
			return err
		}
		p, err := r.read(rest)
		if errors.Is(err, errMoved) {
			continue
		}
		if err != nil {
			return err
		}
		p = p[:min(int64(len(p)), end-off)]
		if _, err := w.Write(p); err != nil {
			return err
		}
		off += int64(len(p))
	}
	return nil
}

// locate finds what is behind off, in one place, up to most bytes of it or to
// the end of a segment that has more.
func (o *Output) locate(off, most int64) (remainder, error) {
	s := &o.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.removed {
		return remainder{}, ErrRemoved
	}
	i := s.find(off)
	if i < 0 {
		return remainder{}, &EvictedError{Asked: off, Oldest: s.begin()}
	}
	if i == len(s.segs) {
		return remainder{}, io.EOF
	}
	return s.from(i, off, most), nil
}

// Unload moves a closed output to its files.
func (o *Output) Unload() {
	o.spool.mu.Lock()
	closed := o.closed
	o.spool.mu.Unlock()
	if closed {
		o.spool.leaveMemory()
	}
}

// Remove drops the bytes and their files.
func (o *Output) Remove() { o.spool.remove(nil) }
