package event

import (
	"errors"
	"fmt"
	"io"
	"slices"
)

// rendering is what a cursor of a log over an output makes frames with. The
// zero value is ready.
type rendering struct {
	file   reader // of the output
	text   []byte // what is not in one piece there
	whole  []byte // a text with its head
	frames []byte // what the last Take has returned
}

// release gives back what is not needed any more once frames are made.
func (r *rendering) release() {
	r.file.release()
	for _, b := range []*[]byte{&r.text, &r.whole} {
		giveBack(b)
	}
}

func (r *rendering) close() {
	r.file.close()
	r.release()
	giveBack(&r.frames)
}

func giveBack(b *[]byte) {
	if *b != nil {
		reuse(*b)
	}
	*b = nil
}

// batch is the records that one Take makes frames of: as many as fill a
// segment, by an estimate that leaves out what has to be escaped.
type batch struct {
	size     int   // bytes of records
	from, to int64 // where their texts are in the output
	frames   int   // bytes of frames
	texts    bool  // there are any
}

// frameHead is about what a frame has beside its text.
const frameHead = 80

func nextBatch(records []byte) batch {
	var b batch
	for b.size < len(records) {
		next := b.with(records[b.size:])
		if b.size > 0 && next.frames > segmentSize {
			break
		}
		b = next
	}
	return b
}

// with is b and the first of the records.
func (b batch) with(records []byte) batch {
	var r reference
	n := r.parse(records)
	if n == 0 {
		n = recordSize(records)
		b.frames += n
		b.size += n
		return b
	}
	if !b.texts {
		b.texts, b.from, b.to = true, r.off, r.off
	}
	end := r.off + int64(r.n)
	b.frames += int(end-b.to) + frameHead // what lies between two texts is read, too
	b.size += n
	b.to = end
	return b
}

// render makes frames of the first of the records, and moves on behind them.
// It returns errMoved where the texts have been evicted meanwhile.
func (c *Cursor) render(records []byte) (Chunk, error) {
	defer c.file.release()
	defer c.texts.release()
	b := nextBatch(records)
	text, err := c.texts.read(c.log.output, b.from, b.to)
	if err != nil {
		return Chunk{}, c.missing(err)
	}
	frames, id := c.texts.room(), c.after.Load()
	for records = records[:b.size]; len(records) > 0; {
		id++
		var r reference
		n := r.parse(records)
		if n == 0 {
			n = recordSize(records)
			frames = append(frames, records[:n]...)
		} else {
			at := int(r.off - b.from)
			frames = c.texts.frame(frames, id, &r, text[at:at+r.n])
		}
		records = records[n:]
	}
	c.texts.frames = frames
	if b.texts {
		c.read.Store(b.to)
	}
	c.advance(b.size, id)
	return Chunk{Frames: frames, Last: id}, nil
}

// room is where the next frames go.
func (r *rendering) room() []byte {
	if r.frames == nil {
		r.frames = newBuffer()
	}
	return r.frames[:0]
}

// frame appends the frame of a reference with its text.
func (r *rendering) frame(b []byte, id int64, ref *reference, text []byte) []byte {
	if len(ref.head) > 0 {
		if r.whole == nil {
			r.whole = newBuffer()
		}
		r.whole = append(append(r.whole[:0], ref.head...), text...)
		text = r.whole
	}
	typ := TypeStdout
	if ref.stream == 1 {
		typ = TypeStderr
	}
	var stamp [40]byte
	return appendText(b, id, typ, text, ref.partial, appendMillis(stamp[:0], ref.millis))
}

// read returns the bytes of the output from one offset up to another, in one
// piece, until release.
func (r *rendering) read(o *Output, from, to int64) ([]byte, error) {
	if from == to {
		return nil, nil
	}
	n := int(to - from)
	for at := 0; at < n; {
		rest, err := o.locate(from+int64(at), int64(n-at))
		if err != nil {
			return nil, err
		}
		if at == 0 && len(rest.buf) >= n {
			p, err := r.file.read(rest)
			return p[:n], err
		}
		if r.text == nil {
			r.text = slices.Grow(newBuffer(), n)
		}
		copied, err := r.file.copy(r.text[at:n], rest)
		if err != nil {
			return nil, err
		}
		at += copied
	}
	return r.text[:n], nil
}

// missing is why the output has not the text of an event that the log has. It
// is never the end of the log.
func (c *Cursor) missing(err error) error {
	var evicted *EvictedError
	switch {
	case errors.As(err, &evicted) && c.After()+1 < c.log.Range().Oldest:
		return errMoved // the log was told before, and says so
	case evicted != nil, errors.Is(err, io.EOF):
		return fmt.Errorf("read text of event %d: %v", c.After()+1, err) //nolint:errorlint // it has another meaning there
	}
	return err
}
