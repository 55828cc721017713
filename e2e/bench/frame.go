package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// frame is one event as it is on the wire, up to its blank line: an id line, which a ping lacks, and a data line with
// a JSON object whose first field is the type. The methods read what execd writes, not any JSON.
type frame []byte

var (
	frameEnd  = []byte("\n\n")
	idField   = []byte("id: ")
	dataField = []byte("data: ")
	typeField = []byte(`{"type":"`)
	textField = []byte(`"text":"`)
)

// id is the number of the event, or 0 where it has none.
func (f frame) id() int64 {
	var n int64
	if !bytes.HasPrefix(f, idField) {
		return 0
	}
	for _, c := range f[len(idField):] {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int64(c-'0')
	}
	return n
}

// data is the JSON object.
func (f frame) data() []byte {
	if bytes.HasPrefix(f, idField) {
		f = f[bytes.IndexByte(f, '\n')+1:]
	}
	return bytes.TrimPrefix(f, dataField)
}

// is reports whether the event is of a type.
func (f frame) is(typ string) bool {
	rest, ok := bytes.CutPrefix(f.data(), typeField)
	return ok && len(rest) > len(typ) && string(rest[:len(typ)]) == typ && rest[len(typ)] == '"'
}

// text is the text of the event, up to its first quote: right for text that needs no escape.
func (f frame) text() []byte {
	data := f.data()
	at := bytes.Index(data, textField)
	if at < 0 {
		return nil
	}
	data = data[at+len(textField):]
	return data[:max(bytes.IndexByte(data, '"'), 0)]
}

// frames gives each frame of the body to take, and returns nil behind the last. Frames are valid during the call.
func (c *connection) frames(take func(frame) error) error {
	for {
		b, err := c.next()
		if errors.Is(err, io.EOF) {
			if len(c.rest) > 0 {
				return fmt.Errorf("the stream ends inside an event: %q", c.rest)
			}
			return nil
		}
		if err != nil {
			return err
		}
		if len(c.rest) > 0 {
			c.rest = append(c.rest, b...)
			b = c.rest
		}
		for {
			end := bytes.Index(b, frameEnd)
			if end < 0 {
				break
			}
			if err := take(frame(b[:end])); err != nil {
				return err
			}
			b = b[end+len(frameEnd):]
		}
		c.rest = append(c.rest[:0], b...) // b may be its own end: append moves, as copy does
	}
}

// stream sends a request and gives each event of the answer to take. It returns an error unless the last event is
// execution_complete.
func (c *connection) stream(method, path, body string, take func(frame) error) error {
	if _, err := c.ask(method, path, body); err != nil {
		return err
	}
	return c.toCompletion(take)
}

// toCompletion is frames of a run that must succeed.
func (c *connection) toCompletion(take func(frame) error) error {
	var last []byte
	complete := false
	err := c.frames(func(f frame) error {
		if complete {
			return fmt.Errorf("%q comes after the terminal event", f)
		}
		complete = f.is("execution_complete")
		if f.is("error") {
			last = bytes.Clone(f)
		}
		return take(f)
	})
	if err == nil && !complete {
		err = fmt.Errorf("the stream ends without execution_complete: %q", last)
	}
	return err
}

// sequence checks that ids are dense, and counts.
type sequence struct {
	last  int64
	pings int
}

func (s *sequence) add(f frame) error {
	id := f.id()
	if id == 0 {
		if !f.is("ping") {
			return fmt.Errorf("event %q has no id", f)
		}
		s.pings++
		return nil
	}
	if id != s.last+1 {
		return fmt.Errorf("event %d comes after %d", id, s.last)
	}
	s.last = id
	return nil
}

// jsonString is s as JSON has it, for text without control characters.
func jsonString(s string) string { return strconv.Quote(s) }
