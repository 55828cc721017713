package httpapi

import (
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"execd/actors/msg"
)

// serveContent is http.ServeContent, conditions and ranges included
// (RFC 9110, 13 and 14), that tells of what it refuses as an error.
func (s *Server) serveContent(c echo.Context, modified time.Time, content io.ReadSeeker) error {
	r := c.Request()
	if asked := r.Header.Get("Range"); asked != "" {
		size, err := content.Seek(0, io.SeekEnd)
		switch {
		case err != nil:
			return err //nolint:wrapcheck // for the log
		case size == 0: // all of nothing, of which net/http would send the bytes 0 to -1
			r = r.Clone(r.Context())
			r.Header.Del("Range")
		case lastNone.MatchString(asked): // (RFC 9110, 14.1.2), which net/http takes for a part
			disclaim(c.Response().Header())
			c.Response().Header().Set("Content-Range", "bytes */"+strconv.FormatInt(size, 10))
			return msg.Errorf(msg.RangeNotSatisfiable, "the last 0 bytes are none; asked for %q", asked)
		}
	}
	w := s.contentWriter(c)
	defer w.end()
	http.ServeContent(w, r, "", modified, content)
	if w.status == 0 {
		return nil
	}
	disclaim(c.Response().Header())
	text := strings.TrimSpace(string(w.refused))
	switch w.status {
	case http.StatusRequestedRangeNotSatisfiable:
		return msg.Errorf(msg.RangeNotSatisfiable, "%s; asked for %q", text, c.Request().Header.Get("Range"))
	case http.StatusPreconditionFailed:
		return msg.Errorf(msg.PreconditionFailed, "the file is not, or no longer, as the request demands; ETag is its version")
	}
	return msg.Errorf(msg.RuntimeError, "%s", text)
}

// disclaim takes back what a header says of content that is not sent.
func disclaim(h http.Header) {
	for _, of := range []string{"Content-Type", "Content-Length", "Content-Disposition", "Last-Modified", "X-Content-Type-Options"} {
		h.Del(of)
	}
}

// lastNone is a range of nothing.
var lastNone = regexp.MustCompile(`^bytes=[ \t,]*-0+[ \t,]*$`)

// contentWriter sends content, for which the kernel may copy from a file to
// the connection: echo.Response is in the way of that. It keeps refusals
// back, whose bodies have to be the API's.
type contentWriter struct {
	*echo.Response
	control  *http.ResponseController
	patience time.Duration // with a client that takes nothing
	status   int           // that was kept back, with its text
	refused  []byte
}

func (s *Server) contentWriter(c echo.Context) *contentWriter {
	return &contentWriter{
		Response: c.Response(), control: http.NewResponseController(c.Response().Writer), patience: s.config.WriteTimeout,
	}
}

// How much is sent within the patience at once: at first what even a slow
// line carries in it, and as much as it has shown to carry in a moment later
// on, because each call costs.
const (
	sendAtFirst = 256 << 10
	sendAtMost  = 64 << 20
	sendMoment  = 250 * time.Millisecond
)

// WriteHeader implements http.ResponseWriter.
func (w *contentWriter) WriteHeader(status int) {
	if status >= http.StatusBadRequest {
		w.status = status
		return
	}
	w.Response.WriteHeader(status)
}

// Write implements io.Writer.
func (w *contentWriter) Write(p []byte) (int, error) {
	if w.status != 0 {
		w.refused = append(w.refused, p...)
		return len(p), nil
	}
	w.extend()
	return w.Response.Write(p) //nolint:wrapcheck // for ServeContent
}

// ReadFrom implements io.ReaderFrom: the way to sendfile(2).
func (w *contentWriter) ReadFrom(r io.Reader) (int64, error) {
	if !w.Committed {
		w.Response.WriteHeader(http.StatusOK)
	}
	from, bounded := r.(*io.LimitedReader)
	if !bounded {
		from = &io.LimitedReader{R: r, N: 1<<63 - 1}
	}
	var sent int64
	for size := int64(sendAtFirst); from.N > 0; {
		begin := time.Now()
		w.extend()
		n, err := io.CopyN(w.Writer, from.R, min(from.N, size))
		if time.Since(begin) < sendMoment {
			size = min(2*size, sendAtMost)
		} else {
			size = max(size/2, sendAtFirst)
		}
		sent += n
		from.N -= n
		w.Size += n
		if err == io.EOF { //nolint:errorlint // CopyN returns it as it is
			break
		}
		if err != nil {
			return sent, err //nolint:wrapcheck // for ServeContent
		}
	}
	return sent, nil
}

// extend gives the client its patience anew.
func (w *contentWriter) extend() {
	_ = w.control.SetWriteDeadline(time.Now().Add(w.patience)) // without deadlines a client only lasts longer
}

// end sends what is buffered, and takes the deadline back, which is the
// connection's.
func (w *contentWriter) end() {
	if w.Committed {
		_ = w.control.Flush() // a client that has gone misses nothing
	}
	_ = w.control.SetWriteDeadline(time.Time{}) // as in extend
}
