package httpapi

import (
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/labstack/echo/v4"
	tus "github.com/tus/tusd/v2/pkg/handler"

	"execd/actors/msg"
)

// tusWriter adds to the library's answers when an upload expires, and keeps
// back its errors, which are plain text.
type tusWriter struct {
	*echo.Response
	method  string
	refused int
	text    []byte
}

// Unwrap is for http.ResponseController.
func (w *tusWriter) Unwrap() http.ResponseWriter { return w.Writer }

// WriteHeader implements http.ResponseWriter.
func (w *tusWriter) WriteHeader(status int) {
	h := w.Header()
	switch {
	case status < http.StatusOK: // 104, which tells where to go on; it is no answer yet
		w.Writer.WriteHeader(status)
		return
	case status >= http.StatusBadRequest && w.method != http.MethodHead &&
		!strings.HasPrefix(h.Get(echo.HeaderContentType), echo.MIMEApplicationJSON):
		w.refused = status
		return
	case status < http.StatusBadRequest && (w.method == http.MethodPost || w.method == http.MethodPatch):
		h.Set("Upload-Expires", time.Now().Add(uploadLife).UTC().Format(http.TimeFormat))
	}
	w.Response.WriteHeader(status)
}

// Write implements io.Writer.
func (w *tusWriter) Write(p []byte) (int, error) {
	if w.refused != 0 {
		w.text = append(w.text, p...)
		return len(p), nil
	}
	return w.Response.Write(p) //nolint:wrapcheck // it is the writer
}

// refusal is the error that was kept back.
func (w *tusWriter) refusal() error {
	if w.refused == 0 {
		return nil
	}
	h := w.Header()
	h.Del(echo.HeaderContentLength)
	h.Del(echo.HeaderContentType)
	if strings.HasPrefix(string(w.text), tus.ErrReadTimeout.ErrorCode) {
		h.Set("Connection", "close")
		return errSlowBody
	}
	_, text, found := strings.Cut(strings.TrimSpace(string(w.text)), ": ")
	if !found {
		text = string(w.text)
	}
	code, known := tusCodes[w.refused]
	switch {
	case strings.Contains(text, syscall.ENOSPC.Error()): // all that is left of the error
		code = msg.NoSpace
	case !known:
		code = msg.InvalidRequest
	}
	return msg.Errorf(code, "upload: %s", text)
}
