package httpapi

import (
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

const (
	// lingerTime is how long a client may go on sending what is refused.
	lingerTime = 5 * time.Second

	// drained is what net/http reads by itself of a body that its handler
	// did not (maxPostHandlerReadBytes).
	drained = 256 << 10
)

// lingering surrounds a handler of long bodies. One that is refused before
// its end is answered at once, and read on for a while: to close while the
// client sends would reset the connection, and many clients would see that
// and not the answer (RFC 9112, 9.6).
func (s *Server) lingering(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		body := &countedBody{ReadCloser: r.Body}
		r.Body = body
		err := next(c)
		if err == nil || c.Response().Committed || !body.lingers(r) {
			return err
		}
		control := http.NewResponseController(c.Response().Writer)
		if control.EnableFullDuplex() != nil { // else net/http reads before it answers
			return err
		}
		c.Response().Header().Set("Connection", "close")
		s.fail(err, c)
		if control.Flush() == nil && control.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
			_, _ = io.Copy(io.Discard, unhurried(body.ReadCloser)) // nobody wants it
		}
		return nil
	}
}

// countedBody knows how much of a body has been read.
type countedBody struct {
	io.ReadCloser
	read  int64
	ended bool
}

// Read implements io.Reader.
func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	b.ended = b.ended || err != nil
	return n, err //nolint:wrapcheck // it is the reader
}

// lingers reports whether much of the body may be still to come. A client
// that waits for 100 (RFC 9110, 10.1.1) sends nothing after a refusal.
func (b *countedBody) lingers(r *http.Request) bool {
	if b.ended || (b.read == 0 && r.Header.Get("Expect") != "") {
		return false
	}
	return r.ContentLength < 0 || r.ContentLength-b.read > drained
}
