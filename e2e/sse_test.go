package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// event is one of a stream. A ping has no id.
type event struct {
	ID             int64 `json:"-"`
	Type           string
	Text           string
	Timestamp      int64
	ExecutionCount int   `json:"execution_count"`
	ExecutionTime  int64 `json:"execution_time"`
	Results        map[string]string
	Metadata       json.RawMessage
	Error          *struct {
		Name      string   `json:"ename"`
		Value     string   `json:"evalue"`
		Traceback []string `json:"traceback"`
	}
	ExecutionID string `json:"execution_id"`
	DisplayID   string `json:"display_id"`
	Status      string
	Position    int
	Prompt      string
	Password    bool
	ExitCode    *int `json:"exit_code"`
	Signal      string
	Reason      string
	Partial     bool
	Base64      []byte
	Raw         string `json:"-"` // the JSON as it came
}

func (e event) terminal() bool {
	return e.ID != 0 && (e.Type == "error" || e.Type == "execution_complete")
}

// stream reads events as they come. Its methods are for one goroutine.
type stream struct {
	id     string // of the execution, from the response's header
	header http.Header
	body   io.Closer
	lines  *bufio.Reader
	cancel context.CancelFunc
	after  int64 // id of the newest event, or anyEvent
}

// anyEvent is before every event.
const anyEvent = -1

// open makes a request that must be answered with a stream of standard SSE. It is closed at the end of the test, or
// before that by close.
func (d *daemon) open(tb testing.TB, method, path string, body any, h ...string) *stream {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	r, err := d.send(ctx, method, path, body, h...) //nolint:bodyclose // close does it, at the end of the test at the latest
	if err != nil {
		cancel()
		tb.Fatalf("%s %s: %v", method, path, err)
	}
	s := &stream{r.Header.Get("X-Execd-Execution-Id"), r.Header, r.Body, bufio.NewReader(r.Body), cancel, 0}
	tb.Cleanup(s.close)
	if r.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(r.Body) // as much as there is, for the message
		tb.Fatalf("%s %s: %d %s", method, path, r.StatusCode, text)
	}
	if kind := r.Header.Get("Content-Type"); kind != "text/event-stream" {
		tb.Fatalf("%s %s: Content-Type %q", method, path, kind)
	}
	return s
}

// attach opens the events of an execution behind the one with the id after.
func (d *daemon) attach(tb testing.TB, id string, after int64) *stream {
	tb.Helper()
	s := d.open(tb, http.MethodGet, fmt.Sprintf("/executions/%s/events?after=%d", id, after), nil)
	s.after = after
	return s
}

// close cuts the connection.
func (s *stream) close() {
	s.cancel()
	_ = s.body.Close() // what is left of it is not wanted
}

// next returns the next event that is no ping, or io.EOF behind the last.
func (s *stream) next() (event, error) {
	for {
		e, err := s.frame()
		if err != nil || e.Type != "ping" {
			return e, err
		}
	}
}

// frame reads one frame: an optional line "id: N", the line "data: {json}", and a blank line. Nothing else is one.
func (s *stream) frame() (event, error) {
	var e event
	line, err := s.line()
	if err != nil {
		return e, err
	}
	if id, ok := strings.CutPrefix(line, "id: "); ok {
		if e.ID, err = strconv.ParseInt(id, 10, 64); err != nil {
			return e, err
		}
		if e.ID != s.after+1 && s.after != anyEvent {
			return e, fmt.Errorf("event %d after event %d", e.ID, s.after)
		}
		s.after = e.ID
		if line, err = s.line(); err != nil {
			return e, unexpected(err)
		}
	}
	data, ok := strings.CutPrefix(line, "data: ")
	if !ok {
		return e, fmt.Errorf("not a frame: %q", line)
	}
	e.Raw = data
	if err := json.Unmarshal([]byte(data), &e); err != nil {
		return e, fmt.Errorf("%w in %q", err, data)
	}
	if e.Timestamp < 1e12 { // milliseconds since 1970
		return e, fmt.Errorf("no time in %q", data)
	}
	blank, err := s.line()
	if err != nil || blank != "" {
		return e, fmt.Errorf("%w, %q where a blank line belongs", unexpected(err), blank)
	}
	return e, nil
}

func (s *stream) line() (string, error) {
	line, err := s.lines.ReadString('\n')
	if err != nil && line != "" {
		err = unexpected(err)
	}
	return strings.TrimSuffix(line, "\n"), err
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// until reads on up to the first event that is wanted.
func (s *stream) until(tb testing.TB, what string, wanted func(event) bool) event {
	tb.Helper()
	for {
		e, err := s.next()
		if err != nil {
			tb.Fatalf("in vain waited for %s: %v", what, err)
		}
		if wanted(e) {
			return e
		}
		if e.terminal() {
			tb.Fatalf("the stream ended without %s: %s", what, e.Raw)
		}
	}
}

// untilText reads on up to the output with this text.
func (s *stream) untilText(tb testing.TB, text string) event {
	tb.Helper()
	return s.until(tb, fmt.Sprintf("output %q", text), func(e event) bool {
		return (e.Type == "stdout" || e.Type == "stderr") && e.Text == text
	})
}

// rest reads the events up to the end of the stream, pings left out.
func (s *stream) rest(tb testing.TB) run {
	tb.Helper()
	var all run
	for {
		e, err := s.next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			tb.Fatalf("after %d events: %v", len(all), err)
		}
		all = append(all, e)
	}
}

// run is a whole execution, as events.
type run []event

// complete reads a whole stream and checks what holds for all: ids are dense from 1 (frame has seen to that), there
// is one init, first, and one terminal event, last.
func (s *stream) complete(tb testing.TB) run {
	tb.Helper()
	all := s.rest(tb)
	all.check(tb)
	if all[0].ExecutionID != s.id {
		tb.Errorf("init names the execution %q, the header %q", all[0].ExecutionID, s.id)
	}
	return all
}

func (r run) check(tb testing.TB) {
	tb.Helper()
	if len(r) < 2 {
		tb.Fatalf("a stream of %d events: %+v", len(r), r)
	}
	for i, e := range r {
		if e.ID != int64(i+1) {
			tb.Errorf("event %d has the id %d: %s", i+1, e.ID, e.Raw)
		}
		if (e.Type == "init") != (i == 0) {
			tb.Errorf("event %d of %d is %s", i+1, len(r), e.Raw)
		}
		if e.terminal() != (i == len(r)-1) {
			tb.Errorf("event %d of %d is %s", i+1, len(r), e.Raw)
		}
	}
}

// stdout and stderr are the lines of a command, in order.
func (r run) stdout() []string { return r.texts("stdout") }
func (r run) stderr() []string { return r.texts("stderr") }

func (r run) texts(kind string) []string {
	texts := []string{}
	for _, e := range r {
		if e.Type == kind {
			texts = append(texts, e.Text)
		}
	}
	return texts
}

// output is what a cell has printed to stdout.
func (r run) output() string { return strings.Join(r.stdout(), "") }

func (r run) last() event { return r[len(r)-1] }

// of returns the events of a type.
func (r run) of(kind string) run {
	var found run
	for _, e := range r {
		if e.Type == kind {
			found = append(found, e)
		}
	}
	return found
}

// bytes are those of an event of output, exactly.
func (e event) bytes() []byte {
	if len(e.Base64) > 0 {
		return e.Base64
	}
	return []byte(e.Text)
}
