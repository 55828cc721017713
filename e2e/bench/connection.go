package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// connection is a keep-alive connection to an HTTP/1.1 server (RFC 9112), of one goroutine. It does what the rows need
// and nothing else, so that it is not the client that is measured. The first error is the end of it.
type connection struct {
	nc      net.Conn
	in      *bufio.Reader
	out     []byte
	given   int   // bytes of in that the last next returned
	left    int64 // of the body, or of its chunk
	chunked bool
	inside  bool   // a chunk was begun, so that its CRLF is still to come
	rest    []byte // the beginning of a frame whose end has not come
}

// readBuffer holds what one read of a fast stream brings.
const readBuffer = 64 << 10

func dial(addr string) (*connection, error) { return dialSize(addr, readBuffer) }

func dialSize(addr string, buffer int) (*connection, error) {
	d := net.Dialer{Timeout: patience}
	nc, err := d.DialContext(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return newConnection(nc, buffer), nil
}

func newConnection(nc net.Conn, buffer int) *connection {
	return &connection{nc: nc, in: bufio.NewReaderSize(nc, buffer)}
}

func (c *connection) close() { _ = c.nc.Close() }

// until bounds all reading from now on.
func (c *connection) until(t time.Time) { _ = c.nc.SetReadDeadline(t) }

// response is the head of one.
type response struct {
	status    int
	execution string // X-Execd-Execution-Id
}

// send sends a request, with a JSON body unless that is empty.
func (c *connection) send(method, path, body string) error {
	c.out = append(c.out[:0], method...)
	c.out = append(c.out, ' ')
	c.out = append(c.out, path...)
	c.out = append(c.out, " HTTP/1.1\r\nHost: localhost\r\n"...)
	if body != "" {
		c.out = append(c.out, "Content-Type: application/json\r\nContent-Length: "...)
		c.out = strconv.AppendInt(c.out, int64(len(body)), 10)
		c.out = append(c.out, "\r\n"...)
	}
	c.out = append(c.out, "\r\n"...)
	c.out = append(c.out, body...)
	if _, err := c.nc.Write(c.out); err != nil {
		return fmt.Errorf("send request: %w", err)
	}
	return nil
}

var (
	lengthHeader    = []byte("Content-Length: ")
	encodingHeader  = []byte("Transfer-Encoding: chunked")
	executionHeader = []byte("X-Execd-Execution-Id: ")
)

// receive reads the head of a response. Its body comes from next. Headers are compared as net/http writes them, which is
// who answers.
func (c *connection) receive() (response, error) {
	var r response
	c.given, c.left, c.chunked, c.inside, c.rest = 0, 0, false, false, c.rest[:0]
	line, err := c.line()
	if err != nil {
		return r, fmt.Errorf("read response: %w", err)
	}
	if len(line) < len("HTTP/1.1 200") {
		return r, fmt.Errorf("read response: status line %q", line)
	}
	if r.status, err = strconv.Atoi(string(line[len("HTTP/1.1 "):][:3])); err != nil {
		return r, fmt.Errorf("read response: status line %q", line)
	}
	for {
		line, err := c.line()
		switch {
		case err != nil:
			return r, fmt.Errorf("read response: %w", err)
		case len(line) == 0:
			return r, nil
		case bytes.Equal(line, encodingHeader):
			c.chunked = true
		case bytes.HasPrefix(line, lengthHeader):
			if c.left, err = strconv.ParseInt(string(line[len(lengthHeader):]), 10, 64); err != nil || c.left < 0 {
				return r, fmt.Errorf("read response: %q", line)
			}
		case bytes.HasPrefix(line, executionHeader):
			r.execution = string(line[len(executionHeader):])
		}
	}
}

// line reads a line without its terminator, valid until the next read.
func (c *connection) line() ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return nil, endless(err)
	}
	return bytes.TrimSuffix(line[:len(line)-1], []byte{'\r'}), nil
}

// endless tells an end that came too early from the one at the end of a body.
func endless(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// next returns more of the body, valid until the next call, and io.EOF behind the last of it.
func (c *connection) next() ([]byte, error) {
	_, _ = c.in.Discard(c.given) // it is buffered
	c.given = 0
	if c.left == 0 {
		if err := c.advance(); err != nil {
			return nil, err
		}
	}
	if c.in.Buffered() == 0 {
		if _, err := c.in.Peek(1); err != nil {
			return nil, fmt.Errorf("read body: %w", endless(err))
		}
	}
	b, err := c.in.Peek(int(min(c.left, int64(c.in.Buffered()))))
	c.given = len(b)
	c.left -= int64(len(b))
	return b, err
}

// advance goes to the next chunk (RFC 9112, 7.1). It returns io.EOF behind the body.
func (c *connection) advance() error {
	if !c.chunked {
		return io.EOF
	}
	if c.inside {
		if line, err := c.line(); err != nil || len(line) > 0 {
			return fmt.Errorf("read body: %q behind a chunk: %w", line, orMalformed(err))
		}
	}
	line, err := c.line()
	if err != nil {
		return fmt.Errorf("read body: %w", err)
	}
	if c.left, err = strconv.ParseInt(string(line), 16, 64); err != nil || c.left < 0 {
		return fmt.Errorf("read body: chunk size %q: %w", line, errMalformed)
	}
	c.inside = true
	if c.left > 0 {
		return nil
	}
	if line, err := c.line(); err != nil || len(line) > 0 {
		return fmt.Errorf("read body: %q behind the last chunk: %w", line, orMalformed(err))
	}
	c.chunked, c.inside = false, false
	return io.EOF
}

var errMalformed = errors.New("not a chunked body")

func orMalformed(err error) error {
	if err != nil {
		return err
	}
	return errMalformed
}

// whole reads the rest of the body.
func (c *connection) whole() ([]byte, error) {
	var all []byte
	for {
		b, err := c.next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, b...)
	}
}

// ask sends a request and reads the head of an answer, which must be 200.
func (c *connection) ask(method, path, body string) (response, error) {
	if err := c.send(method, path, body); err != nil {
		return response{}, err
	}
	r, err := c.receive()
	if err == nil && r.status != http.StatusOK {
		text, _ := c.whole() // says why
		err = fmt.Errorf("%s %s: status %d: %s", method, path, r.status, text)
	}
	return r, err
}

// get returns the body of a GET.
func (c *connection) get(path string) ([]byte, error) {
	if _, err := c.ask(http.MethodGet, path, ""); err != nil {
		return nil, err
	}
	return c.whole()
}
