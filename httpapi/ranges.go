package httpapi

import (
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"execd/actors/msg"
)

// serveContent is http.ServeContent, conditions and ranges included
// (RFC 9110, 13 and 14), that tells of a range that cannot be had as an error.
func serveContent(c echo.Context, modified time.Time, content io.ReadSeeker) error {
	w := &rangeWriter{Response: c.Response()}
	http.ServeContent(w, c.Request(), "", modified, content)
	if w.refused == nil {
		return nil
	}
	h := c.Response().Header()
	h.Del(echo.HeaderContentType)
	h.Del(echo.HeaderContentLength)
	h.Del("X-Content-Type-Options")
	return msg.Errorf(msg.RangeNotSatisfiable, "%s; asked for %q", strings.TrimSpace(string(w.refused)), c.Request().Header.Get("Range"))
}

// rangeWriter keeps what http.ServeContent says about a range.
type rangeWriter struct {
	*echo.Response
	refused []byte
}

// WriteHeader implements http.ResponseWriter.
func (w *rangeWriter) WriteHeader(status int) {
	if status == http.StatusRequestedRangeNotSatisfiable {
		w.refused = []byte{}
		return
	}
	w.Response.WriteHeader(status)
}

// Write implements io.Writer.
func (w *rangeWriter) Write(p []byte) (int, error) {
	if w.refused != nil {
		w.refused = append(w.refused, p...)
		return len(p), nil
	}
	return w.Response.Write(p)
}

// ReadFrom implements io.ReaderFrom: the way to sendfile(2).
func (w *rangeWriter) ReadFrom(r io.Reader) (int64, error) {
	if !w.Committed {
		w.Response.WriteHeader(http.StatusOK)
	}
	n, err := io.Copy(w.Writer, r)
	w.Size += n
	return n, err
}
