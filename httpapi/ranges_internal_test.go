package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
)

// FuzzRanges: whatever is asked for, the answer is the file, parts of it, or
// that there are none, and the parts are those that it says.
func FuzzRanges(f *testing.F) {
	for _, seed := range []string{
		"bytes=0-3", "bytes=-3", "bytes=5-", "bytes=0-0,2-3,-1", "bytes=9-1", "bytes=99-", "lines=1-2", "bytes=", "bytes=--1", "bytes=0-9,",
		"bytes=18446744073709551616-", "bytes=0-99999999999999999999", "bytes= 1 - 2 ", "bytes=-0",
	} {
		f.Add(seed)
	}
	const text = "0123456789"
	s := New(Config{WriteTimeout: time.Second})
	f.Fuzz(func(t *testing.T, asked string) {
		w := rangeOf(t, s, text, asked)
		kind, body := w.Header().Get("Content-Type"), w.Body.String()
		switch w.Code {
		case http.StatusOK:
			if body != text {
				t.Errorf("%q: %q", asked, body)
			}
		case http.StatusPartialContent:
			if !strings.HasPrefix(kind, "multipart/") && (body == "" && !strings.Contains(asked, "-0") || !strings.Contains(text, body)) {
				t.Errorf("%q: %q", asked, body)
			}
		case http.StatusRequestedRangeNotSatisfiable:
			told := w.Header().Get("Content-Range") != "" || strings.Contains(body, "invalid")
			if kind != "application/json" || !strings.Contains(body, `"code":"UNKNOWN"`) || !told {
				t.Errorf("%q: %s %s", asked, kind, body)
			}
		default:
			t.Errorf("%q: %d", asked, w.Code)
		}
	})
}

// Nothing has no ranges: all of it is the answer, also to who asks for its end.
func TestRanges_OfNothing(t *testing.T) {
	s := New(Config{WriteTimeout: time.Second})
	for _, asked := range []string{"bytes=0-", "bytes=-1", "bytes=0-0", "bytes=-0", "bytes=5-"} {
		w := rangeOf(t, s, "", asked)
		if h := w.Header(); w.Code != http.StatusOK || w.Body.Len() > 0 || h.Get("Content-Range") != "" || h.Get("Content-Length") != "0" {
			t.Errorf("%s: %d %v %q", asked, w.Code, h, w.Body)
		}
	}
}

// rangeOf is the answer to a request for a range of the text.
func rangeOf(t *testing.T, s *Server, text, asked string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	r.Header["Range"] = []string{asked}
	w := httptest.NewRecorder()
	c := echo.New().NewContext(r, w)
	c.Response().Header().Set("Content-Type", "application/octet-stream")
	if err := s.serveContent(c, time.Unix(1, 0), strings.NewReader(text)); err != nil {
		s.fail(err, c)
	}
	return w
}
