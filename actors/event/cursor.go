package event

import (
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
	pos    atomic.Int64 // offset of the next byte; atomic for Behind
	after  atomic.Int64 // id of the last event delivered; atomic for the pacing appender
	read   atomic.Int64 // of the log's output, what is behind the last text delivered; atomic for Behind
	seek   bool         // pos is unknown: after has to be looked up first
	owns   bool
	closed bool
	file   reader
	texts  rendering
}

// Cursor returns a position behind the event with the id after; 0 is the
// start. An id that has not happened yet waits for the one after it.
func (l *Log) Cursor(after int64) *Cursor {
	c := &Cursor{log: l, seek: after > 0}
	c.after.Store(max(after, 0))
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
			c.release()
			return Chunk{}, wait, err
		}
		records, err := c.file.read(rest)
		if errors.Is(err, errMoved) {
			continue // evicted between the two: locate says so
		}
		if err != nil {
			return Chunk{}, nil, err
		}
		if c.seek {
			records = c.skip(records, seg.key)
			if len(records) == 0 {
				continue
			}
		}
		if c.log.output == nil {
			c.advance(len(records), rest.last)
			return Chunk{Frames: records, Last: rest.last}, nil, nil
		}
		chunk, err := c.render(records)
		if errors.Is(err, errMoved) {
			continue
		}
		return chunk, nil, err
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
	if c.after.Load() >= l.last {
		if l.ended {
			return nil, remainder{}, nil, io.EOF
		}
		return nil, remainder{}, s.ready(), nil
	}
	i := c.index()
	if i < 0 {
		return nil, remainder{}, nil, &EvictedError{Asked: c.after.Load() + 1, Oldest: l.oldest()}
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
	s, next := &c.log.spool, c.after.Load()+1
	if next < c.log.oldest() {
		return -1
	}
	if !c.seek {
		return s.find(c.pos.Load())
	}
	lo, hi := 0, len(s.segs)-1
	for lo < hi {
		mid := (lo + hi + 1) / 2
		if s.segs[mid].key <= next {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return lo
}

// skip drops the records of a segment up to the id after.
func (c *Cursor) skip(records []byte, first int64) []byte {
	pos := 0
	for id := first; id <= c.after.Load() && pos < len(records); id++ {
		pos += recordSize(records[pos:])
	}
	c.pos.Add(int64(pos))
	c.seek = false
	return records[pos:]
}

func (c *Cursor) advance(n int, last int64) {
	c.after.Store(last)
	c.pos.Add(int64(n))
	if c.owns {
		c.log.moved()
	}
}

// release gives back all buffers and descriptors.
func (c *Cursor) release() {
	c.file.close()
	c.texts.close()
}

// After is the id of the last event that the cursor has delivered.
func (c *Cursor) After() int64 { return c.after.Load() }

// Close ends the reading. It is idempotent.
func (c *Cursor) Close() {
	if c.closed {
		return
	}
	c.closed = true
	c.release()
	c.log.leave(c)
	c.log.count(-1)
}
