package event

import (
	"context"
	"errors"
	"io"
)

// ErrUntagged says that stdout and stderr have taken turns too often to be
// told apart; together they are exact.
var ErrUntagged = errors.New("stdout and stderr alternate too often to be told apart; read both")

// Tail reads an output from an offset on, as it grows. It belongs to one
// goroutine and holds no memory of the output between two calls.
type Tail struct {
	output *Output
	mark   mark
	reader reader
}

// Tail returns a reader of the bytes from the offset off, or of those behind
// the end where that is less.
func (o *Output) Tail(off int64) *Tail {
	o.spool.mu.Lock()
	defer o.spool.mu.Unlock()
	return &Tail{output: o, mark: o.tags.seek(min(off, o.spool.end))}
}

// Close gives back what the reader holds.
func (t *Tail) Close() { t.reader.close() }

// Offset is that of the next byte.
func (t *Tail) Offset() int64 { return t.mark.off }

// Skip moves on to the offset off, which is not before the reader's own.
func (t *Tail) Skip(off int64) {
	o := t.output
	o.spool.mu.Lock()
	defer o.spool.mu.Unlock()
	t.mark = o.tags.seek(min(off, o.spool.end))
}

// Take returns bytes of one stream that are there, or, where there are none,
// a channel that is closed when there are more. It fails with io.EOF at the
// end of an output that is closed, with *EvictedError and with ErrRemoved.
// The bytes are valid until the next call.
func (t *Tail) Take() (stream int, p []byte, more <-chan struct{}, err error) {
	for {
		rest, n, more, err := t.locate()
		if err != nil || more != nil {
			t.reader.close()
			return 0, nil, more, err
		}
		p, err := t.reader.read(rest)
		if errors.Is(err, errMoved) {
			continue
		}
		if err != nil {
			return 0, nil, nil, err
		}
		p = p[:min(int64(len(p)), n)]
		stream := t.mark.stream
		t.mark.advance(int64(len(p)))
		return stream, p, nil, nil
	}
}

// locate finds what is next: up to n bytes of rest.
func (t *Tail) locate() (rest remainder, n int64, more <-chan struct{}, err error) {
	o, s := t.output, &t.output.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.removed:
		return rest, 0, nil, ErrRemoved
	case t.mark.off < s.end:
	case o.closed:
		return rest, 0, nil, io.EOF
	default:
		return rest, 0, s.ready(), nil
	}
	i := s.find(t.mark.off)
	if i < 0 {
		return rest, 0, nil, &EvictedError{Asked: t.mark.off, Oldest: s.begin()}
	}
	return s.segs[i].from(t.mark.off), o.tags.rest(&t.mark), nil, nil
}

// Next is Take that waits.
func (t *Tail) Next(ctx context.Context) (stream int, p []byte, err error) {
	for {
		stream, p, more, err := t.Take()
		if err != nil || more == nil {
			return stream, p, err
		}
		select {
		case <-more:
		case <-ctx.Done():
			return 0, nil, context.Cause(ctx)
		}
	}
}

// StreamRange is Range for the bytes of one stream. It fails with
// ErrUntagged.
func (o *Output) StreamRange(stream int) (oldest, end int64, err error) {
	s := &o.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	if o.tags.full {
		return 0, 0, ErrUntagged
	}
	first := s.begin()
	var m mark
	for m.off < s.end {
		n := o.tags.rest(&m)
		if m.stream == stream {
			oldest += max(0, min(n, first-m.off))
			end += n
		}
		m.advance(n)
	}
	return oldest, end, nil
}

// CopyStream is CopyTo for the bytes of one stream, by its own offsets.
func (o *Output) CopyStream(ctx context.Context, w io.Writer, stream int, off, end int64) error {
	oldest, _, err := o.StreamRange(stream)
	if err != nil {
		return err
	}
	if off < oldest {
		return &EvictedError{Asked: off, Oldest: oldest}
	}
	var m mark
	for at := int64(0); at < end && off < end; {
		if err := ctx.Err(); err != nil {
			return err
		}
		o.spool.mu.Lock()
		n := o.tags.rest(&m)
		o.spool.mu.Unlock()
		if n <= 0 {
			return io.ErrUnexpectedEOF
		}
		if m.stream == stream {
			n = min(n, end-at)
			if from := max(off, at); from < at+n {
				if err := o.CopyTo(ctx, w, m.off+from-at, m.off+n); err != nil {
					return err
				}
			}
			at += n
		}
		m.advance(n)
	}
	return nil
}
