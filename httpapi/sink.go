package httpapi

import (
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// sink is where a relay writes.
type sink interface {
	Write(p []byte) (int, error)
	Flush() error
	SetWriteDeadline(t time.Time) error
}

// servedSink is a response of net/http.
type servedSink struct {
	resp *echo.Response
	*http.ResponseController
}

func (s servedSink) Write(p []byte) (int, error) {
	n, err := s.resp.Writer.Write(p)
	s.resp.Size += int64(n)
	return n, err //nolint:wrapcheck // for the relay
}

// bareSink is a connection that was taken. Each write is a chunk (RFC 9112,
// section 7.1), and the first one has the head in front of it.
type bareSink struct {
	conn     net.Conn
	head     []byte
	size     int64
	patience time.Duration // with the end
	broken   bool          // a write has failed, maybe in the middle
}

func (s *bareSink) Write(p []byte) (int, error) {
	all := net.Buffers{fmt.Appendf(s.head, "%x\r\n", len(p)), p, chunkEnd}
	s.head = nil
	if _, err := all.WriteTo(s.conn); err != nil {
		s.broken = true
		return 0, err //nolint:wrapcheck // for the relay
	}
	s.size += int64(len(p))
	return len(p), nil
}

var chunkEnd = []byte("\r\n")

// Flush sends a head that nothing has followed yet.
func (s *bareSink) Flush() error {
	if s.head == nil {
		return nil
	}
	_, err := s.conn.Write(s.head)
	s.head = nil
	s.broken = err != nil
	return err //nolint:wrapcheck // for the relay
}

func (s *bareSink) SetWriteDeadline(t time.Time) error {
	return s.conn.SetWriteDeadline(t) //nolint:wrapcheck // for the relay
}

// end sends the end of the body, without which it is one that was cut.
func (s *bareSink) end() {
	if s.broken || s.SetWriteDeadline(time.Now().Add(s.patience)) != nil {
		return
	}
	_, _ = s.conn.Write(append(s.head, "0\r\n\r\n"...)) // a client that has gone misses nothing
}
