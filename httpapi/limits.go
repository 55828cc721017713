package httpapi

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"execd/actors/msg"
)

// headerSlack is what net/http reads beyond the limit of a header, so that it
// is mostly execd which refuses one, in the shape of all errors.
const headerSlack = 64 << 10

// limitHeader refuses a header that is too large. Counted are the request
// line and the fields as they are sent.
func (s *Server) limitHeader(r *http.Request) error {
	size := int64(len(r.Method) + len(r.RequestURI) + len(r.Host))
	for name, values := range r.Header {
		for _, v := range values {
			size += int64(len(name) + len(v) + len(": \r\n"))
		}
	}
	if size > s.config.MaxHeader {
		return msg.Errorf(msg.HeaderTooLarge, "the header exceeds the limit of %d bytes", s.config.MaxHeader)
	}
	return nil
}

// counted surrounds a handler whose response streams or waits, and so may
// take as long as its client likes. One too many is refused before anything
// is started.
func (s *Server) counted(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := s.streams.take(); err != nil {
			return err
		}
		defer func() {
			if c.Get(attachedKey) == nil { // else who is attached has it
				s.streams.give()
			}
		}()
		return next(c)
	}
}

// places are those for responses that stream.
type places struct {
	most  int64
	taken atomic.Int64
}

func (p *places) take() error {
	if p.taken.Add(1) > p.most {
		p.give()
		return msg.Errorf(msg.TooManyStreams, "%d responses stream already (--max-streams); nothing was started", p.most)
	}
	return nil
}

func (p *places) give() { p.taken.Add(-1) }

// slowest is how many bytes a second a body must have on average, beyond the
// time that it may stall.
const slowest = 1 << 10

// errSlowBody ends a request whose body does not come.
var errSlowBody = &msg.Error{Code: msg.BodyTimeout, Message: "the body came too slowly, or not at all (--body-timeout)"}

// hurryBody bounds how long a body may take: a client that sends a byte now
// and then would hold a connection, and what a handler holds, for ever. Not
// meant are bodies of others' (/proxy), and input that somebody types. The
// library of resumable uploads has deadlines of its own.
func (s *Server) hurryBody(c echo.Context) {
	r := c.Request()
	if r.Body == nil || r.Body == http.NoBody || isProxied(r) || isTyped(r) || strings.HasPrefix(r.URL.Path, resumablePath) {
		return
	}
	s.hurry(c)
}

// hurry is hurryBody for a request that it is meant for.
func (s *Server) hurry(c echo.Context) {
	r := c.Request()
	b := &hurriedBody{
		ReadCloser: r.Body,
		control:    http.NewResponseController(c.Response().Writer),
		header:     c.Response().Header(),
		timeout:    s.config.BodyTimeout,
	}
	// Also for net/http, which reads some of a body that its handler does not want.
	_ = b.control.SetReadDeadline(time.Now().Add(b.timeout))
	r.Body = b
}

func isTyped(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/executions/") && strings.HasSuffix(strings.TrimSuffix(r.URL.Path, "/"), "/stdin")
}

// hurriedBody fails with errSlowBody when the next bytes do not come in time,
// and when all so far took too long.
type hurriedBody struct {
	io.ReadCloser
	control *http.ResponseController
	header  http.Header // of the response
	timeout time.Duration
	waited  time.Duration // for the client
	read    int64
	slow    bool
}

// Read implements io.Reader.
func (b *hurriedBody) Read(p []byte) (int, error) {
	if b.slow {
		return 0, errSlowBody
	}
	patience := min(b.timeout, b.timeout+time.Duration(b.read)*time.Second/slowest-b.waited)
	start := time.Now()
	if b.control.SetReadDeadline(start.Add(patience)) != nil {
		return b.ReadCloser.Read(p) //nolint:wrapcheck // it is the reader
	}
	n, err := b.ReadCloser.Read(p)
	b.waited += time.Since(start)
	b.read += int64(n)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		b.slow, err = true, errSlowBody
		b.header.Set("Connection", "close") // what is left of the body would be taken for a request
	} else if err != nil {
		// net/http reads on to see whether the client goes away, for as long as the response takes.
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err //nolint:wrapcheck // likewise
}

// unhurried is the body below, for who sets deadlines of its own.
func unhurried(body io.ReadCloser) io.ReadCloser {
	if b, ok := body.(*hurriedBody); ok {
		return b.ReadCloser
	}
	return body
}
