package httpapi

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"execd/fsops"
)

// headerSkipped is how many directories and files could not be read.
const headerSkipped = "X-Execd-Skipped"

// searchEnd is the last item of a streamed search.
type searchEnd struct {
	Done    bool  `json:"done"` // true
	Found   int64 `json:"found"`
	Skipped int64 `json:"skipped"`
	Limited bool  `json:"limited"`
}

// searchFiles finds files by their names or paths, and by what is in them:
// all at once as a sorted array, or as they are found.
func (s *Server) searchFiles(c echo.Context) error {
	q, err := readSearch(c)
	if err != nil {
		return err
	}
	framing := arrayFraming
	switch accept := c.Request().Header.Get(echo.HeaderAccept); {
	case strings.Contains(accept, mimeSSE):
		framing = searchFraming{mimeSSE, "data: ", "\n\n"}
	case strings.Contains(accept, mimeNDJSON):
		framing = searchFraming{mimeNDJSON, "", "\n"}
	}
	if framing != arrayFraming {
		return s.streamSearch(c, q, framing)
	}
	hits := []fsops.Hit{}
	found, err := q.Run(c.Request().Context(), func(h fsops.Hit) error {
		hits = append(hits, h)
		return nil
	})
	if err != nil {
		return fileFault(err)
	}
	slices.SortStableFunc(hits, func(a, b fsops.Hit) int { return strings.Compare(a.Path, b.Path) })
	c.Response().Header().Set(headerSkipped, strconv.FormatInt(found.Skipped, 10))
	return sendJSON(c, listJSON(hits, appendHit))
}

func readSearch(c echo.Context) (q fsops.Search, err error) {
	if q.Root, err = queryPath(c); err != nil {
		return q, err
	}
	q.Pattern = cmp.Or(c.QueryParam("pattern"), "**")
	if v := c.QueryParam("limit"); v != "" {
		if q.Limit, err = strconv.Atoi(v); err != nil || q.Limit < 1 {
			return q, badRequest("limit must be a number of hits, at least 1, got %q", v)
		}
	}
	if v := c.QueryParam("content"); v != "" {
		if q.Content, err = regexp.Compile(v); err != nil {
			return q, badRequest("content: %w", err)
		}
	}
	return q, nil
}

// searchFraming is how items follow one another.
type searchFraming struct{ mime, before, after string }

//nolint:gochecknoglobals // a constant
var arrayFraming = searchFraming{}

const (
	searchBuffer   = 32 << 10
	searchPatience = 50 * time.Millisecond // a hit waits for others
)

// streamSearch sends hits as they are found.
func (s *Server) streamSearch(c echo.Context, q fsops.Search, framing searchFraming) error {
	out := &searchStream{framing: framing, writer: s.contentWriter(c)}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, framing.mime)
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no")
	defer out.writer.end()
	found, err := q.Run(c.Request().Context(), func(h fsops.Hit) error {
		return out.add(func(b []byte) []byte { return appendHit(b, h) })
	})
	if err == nil {
		end, _ := json.Marshal(searchEnd{Done: true, Found: found.Hits, Skipped: found.Skipped, Limited: found.Limited}) // never fails
		err = out.add(func(b []byte) []byte { return append(b, end...) })
	}
	if flushErr := out.stop(); err == nil {
		err = flushErr
	}
	switch {
	case err == nil:
		return nil
	case c.Request().Context().Err() != nil:
		return errGone
	}
	return fileFault(err)
}

// searchStream gathers hits for a moment, and then sends them.
type searchStream struct {
	framing searchFraming
	writer  *contentWriter

	mu      sync.Mutex // guards the rest
	buf     []byte
	timer   *time.Timer
	stopped bool
	err     error
}

// add adds an item, which is JSON.
func (t *searchStream) add(item func([]byte) []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, t.framing.before...)
	t.buf = append(item(t.buf), t.framing.after...)
	if len(t.buf) >= searchBuffer {
		t.send()
	} else if t.timer == nil {
		t.timer = time.AfterFunc(searchPatience, t.tick)
	}
	return t.err
}

// tick sends what has been gathered; the next one to add hears how that went.
func (t *searchStream) tick() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.stopped {
		t.send()
	}
}

// stop sends what is left. Nothing is sent after it.
func (t *searchStream) stop() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = true
	if t.timer != nil {
		t.timer.Stop()
	}
	t.send()
	return t.err
}

func (t *searchStream) send() {
	t.timer = nil
	if len(t.buf) == 0 || t.err != nil {
		return
	}
	_, t.err = t.writer.Write(t.buf)
	if t.err == nil {
		t.err = t.writer.control.Flush()
	}
	t.buf = t.buf[:0]
}
