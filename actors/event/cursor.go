package event

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync/atomic"
)

// Chunk is a run of whole frames. The bytes may be shared with the log and
// with other readers: they must not be changed, and not be kept beyond the
// next call on the cursor.
type Chunk struct {
	Frames []byte
	Last   int64 // id of the last event in Frames
}

// Cursor is a position in a log. It belongs to one goroutine, holds no
// goroutine and no lock, and must be closed.
type Cursor struct {
	log    *Log
	pos    atomic.Int64 // offset of the next byte; atomic for the pacing appender
	after  int64        // id of the last event delivered
	seek   bool         // pos is unknown: after has to be looked up first
	owns   bool
	closed bool
	file   reader
}

// Cursor returns a position behind the event with the id after; 0 is the
// start. An id that has not happened yet waits for the one after it.
func (l *Log) Cursor(after int64) *Cursor {
	c := &Cursor{log: l, after: max(after, 0), seek: after > 0}
	l.count(1)
	return c
}

// Next returns the frames from the cursor to the end of their segment, which
// for a reader that keeps up is the head of the log. It waits while there are
// none. It returns io.EOF behind the terminal event, an *EvictedError where
// events are gone, ErrRemoved, or the error of ctx.
func (c *Cursor) Next(ctx context.Context) (Chunk, error) {
	for {
		chunk, wait, err := c.Take()
		if err != nil || wait == nil {
			return chunk, err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return Chunk{}, ctx.Err()
		}
	}
}

// Take is Next that does not wait: where there is no event yet it returns a
// channel that is closed by the next append.
func (c *Cursor) Take() (Chunk, <-chan struct{}, error) {
	for {
		seg, rest, wait, err := c.locate()
		if err != nil || wait != nil {
			c.file.close()
			return Chunk{}, wait, err
		}
		frames, err := c.file.read(rest)
		if errors.Is(err, errMoved) {
			continue // evicted between the two: locate says so
		}
		if err != nil {
			return Chunk{}, nil, err
		}
		if c.seek {
			frames = c.skip(frames, seg.key)
			if len(frames) == 0 {
				continue
			}
		}
		c.advance(int64(len(frames)), rest.last)
		return Chunk{Frames: frames, Last: rest.last}, nil, nil
	}
}

// locate finds the segment to read from, or a channel to wait on.
func (c *Cursor) locate() (*segment, remainder, <-chan struct{}, error) {
	l, s := c.log, &c.log.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.removed {
		return nil, remainder{}, nil, ErrRemoved
	}
	if c.after >= l.last {
		if l.ended {
			return nil, remainder{}, nil, io.EOF
		}
		return nil, remainder{}, s.ready(), nil
	}
	i := c.index()
	if i < 0 {
		return nil, remainder{}, nil, &EvictedError{Asked: c.after + 1, Oldest: s.oldest(l.last + 1)}
	}
	seg := s.segs[i]
	if c.seek {
		c.pos.Store(seg.off)
	}
	r := seg.from(c.pos.Load())
	r.last = l.last
	if i+1 < len(s.segs) {
		r.last = s.segs[i+1].key - 1
	}
	return seg, r, nil, nil
}

// index is the segment of the event behind after, or -1 when it is evicted;
// the spool's mu is held and the event exists.
func (c *Cursor) index() int {
	s := &c.log.spool
	if len(s.segs) == 0 || c.after+1 < s.segs[0].key {
		return -1
	}
	if !c.seek {
		return s.find(c.pos.Load())
	}
	lo, hi := 0, len(s.segs)-1
	for lo < hi {
		mid := (lo + hi + 1) / 2
		if s.segs[mid].key <= c.after+1 {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return lo
}

// skip drops the frames of a segment up to the id after.
func (c *Cursor) skip(frames []byte, first int64) []byte {
	pos := 0
	for id := first; id <= c.after; id++ {
		n := bytes.Index(frames[pos:], []byte("\n\n"))
		if n < 0 {
			break
		}
		pos += n + 2
	}
	c.pos.Add(int64(pos))
	c.seek = false
	return frames[pos:]
}

func (c *Cursor) advance(n, last int64) {
	c.after = last
	c.pos.Add(n)
	if c.owns {
		c.log.moved()
	}
}

// After is the id of the last event that the cursor has delivered.
func (c *Cursor) After() int64 { return c.after }

// Close ends the reading. It is idempotent.
func (c *Cursor) Close() {
	if c.closed {
		return
	}
	c.closed = true
	c.file.close()
	c.log.leave(c)
	c.log.count(-1)
}
