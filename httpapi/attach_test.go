package httpapi_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"execd/actors/event"
	"execd/actors/msg"
	"execd/httpapi"
)

// holder is a supervisor that has one execution, whose events the test makes.
type holder struct{ log *event.Log }

func (h holder) Tell(m msg.Message) {
	x := msg.Execution{ID: h.log.ID(), Kind: msg.KindCommand, Log: h.log}
	if q, ok := m.(interface{ Answer(x msg.Execution) }); ok { // to find it, or to have run it
		q.Answer(x)
		return
	}
	m.Fail(msg.ErrCrashed)
}

func (holder) Done() <-chan struct{} { return nil }

// journal is a log that may be written to and read at once.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// held is a server with one execution that goes on.
type held struct {
	*httpapi.Server
	log     *event.Log
	journal *journal
	address string
}

func hold(t *testing.T, config httpapi.Config) *held {
	t.Helper()
	h := &held{log: event.NewStore(t.TempDir(), event.Limits{}, nil).NewLog("x1"), journal: &journal{}}
	h.log.Append(event.Event{Type: event.TypeInit, Text: "x1", ExecutionID: "x1"})
	config.Supervisor, config.Log = holder{h.log}, zerolog.New(h.journal)
	h.Server = httpapi.New(config)
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.address = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- h.Serve(l) }()
	t.Cleanup(func() {
		h.log.End(event.Event{Type: event.TypeComplete})
		_ = h.Shutdown(context.Background()) // some tests have done it
		if err := <-served; err != nil {
			t.Error(err)
		}
		h.log.Remove()
	})
	return h
}

// reader is a client on a connection of its own.
type reader struct {
	net.Conn
	in   *bufio.Reader
	resp *http.Response
}

func (h *held) dial(t *testing.T) *reader {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp4", h.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &reader{Conn: conn, in: bufio.NewReader(conn)}
}

// ask asks for the events, and reads the head of the answer.
func (r *reader) ask(t *testing.T, version string) *reader {
	t.Helper()
	if _, err := io.WriteString(r, "GET /executions/x1/events "+version+"\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(r.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.Close() // first: the body would be read to its end
		resp.Body.Close()
	})
	r.resp = resp
	return r
}

// until waits for what comes soon.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain waited for: %s", what)
		}
	}
}

func (r *reader) whole(t *testing.T) string {
	t.Helper()
	body, err := io.ReadAll(r.resp.Body)
	if err != nil {
		t.Fatalf("the body is cut: %v behind %q", err, body)
	}
	return string(body)
}

// TestAttach_End: the body has all events and a proper end, and with it the
// connection; the request is logged then, and no earlier.
func TestAttach_End(t *testing.T) {
	h := hold(t, httpapi.Config{Heartbeat: time.Millisecond})
	r := h.dial(t)
	resp := r.ask(t, "HTTP/1.1").resp
	if got := resp.Header; !resp.Close || got.Get("X-Execd-Execution-Id") != "x1" || got.Get("X-Request-Id") == "" ||
		got.Get("Content-Type") != "text/event-stream" {
		t.Errorf("head: %v, close %v", got, resp.Close)
	}
	line, err := bufio.NewReader(resp.Body).ReadString('\n')
	if err != nil || line != "id: 1\n" || strings.Contains(h.journal.String(), `"path"`) {
		t.Errorf("%q, %v; log %s", line, err, h.journal)
	}
	h.log.Append(event.Event{Type: event.TypeStdout, Text: "hi"})
	h.log.End(event.Event{Type: event.TypeComplete})
	if body := r.whole(t); !strings.Contains(body, `"text":"hi"`) || !strings.Contains(body, "execution_complete") {
		t.Errorf("body %q", body)
	}
	if _, err := r.in.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("behind the end: %v", err)
	}
	until(t, "the line of the request", func() bool {
		text := h.journal.String()
		return strings.Contains(text, `"path":"/executions/x1/events"`) && strings.Contains(text, `"status":200`) &&
			strings.Contains(text, `"execution_id":"x1"`) && !strings.Contains(text, `"bytes":0`)
	})
}

// TestAttach_Ended: what has ended leaves the connection as it was.
func TestAttach_Ended(t *testing.T) {
	h := hold(t, httpapi.Config{})
	h.log.End(event.Event{Type: event.TypeComplete})
	r := h.dial(t)
	for range 2 {
		resp := r.ask(t, "HTTP/1.1").resp
		if body := r.whole(t); resp.Close || !strings.Contains(body, "execution_complete") {
			t.Errorf("close %v, body %q", resp.Close, body)
		}
	}
}

// TestAttach_OldClient: one that knows no chunks gets none.
func TestAttach_OldClient(t *testing.T) {
	h := hold(t, httpapi.Config{})
	r := h.dial(t).ask(t, "HTTP/1.0")
	h.log.End(event.Event{Type: event.TypeComplete})
	body, encoding := r.whole(t), r.resp.TransferEncoding
	if len(encoding) > 0 || !strings.HasPrefix(body, "id: 1\n") || !strings.Contains(body, "execution_complete") {
		t.Errorf("encoding %v, body %q", encoding, body)
	}
}

// TestAttach_Leave: who leaves is gone at once, without a ping that fails,
// and who says more than was asked for is not.
func TestAttach_Leave(t *testing.T) {
	h := hold(t, httpapi.Config{MaxStreams: 1, Heartbeat: time.Hour})
	first := h.dial(t).ask(t, "HTTP/1.1")
	if _, err := io.WriteString(first, strings.Repeat("GET /ping HTTP/1.1\r\n\r\n", 100)); err != nil {
		t.Fatal(err)
	}
	h.log.Append(event.Event{Type: event.TypeStdout, Text: "hi"})
	lines := bufio.NewScanner(first.resp.Body)
	for lines.Scan() && !strings.Contains(lines.Text(), "hi") {
		continue
	}
	if refused := h.dial(t).ask(t, "HTTP/1.1").resp; refused.StatusCode != http.StatusTooManyRequests || h.log.Readers() != 1 {
		t.Fatalf("a second one: %d; %d readers; %v", refused.StatusCode, h.log.Readers(), lines.Err())
	}
	_ = first.Close()
	until(t, "the reader to have left", func() bool { return h.log.Readers() == 0 })
	until(t, "its place", func() bool { return h.dial(t).ask(t, "HTTP/1.1").resp.StatusCode == http.StatusOK })
}

// TestAttach_ServerEnds: readers are told why there is nothing more.
func TestAttach_ServerEnds(t *testing.T) {
	h := hold(t, httpapi.Config{Heartbeat: time.Hour})
	r := h.dial(t).ask(t, "HTTP/1.1")
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_ = h.Shutdown(over) // may find the reader not quite gone
	if body := r.whole(t); !strings.Contains(body, "ServerClosing") {
		t.Errorf("body %q", body)
	}
}

// TestAttach_ServerWaits: a reader gets the rest of a log that ends in time.
func TestAttach_ServerWaits(t *testing.T) {
	h := hold(t, httpapi.Config{Heartbeat: time.Hour})
	r := h.dial(t).ask(t, "HTTP/1.1")
	down := make(chan error, 1)
	go func() { down <- h.Shutdown(context.Background()) }()
	h.log.Append(event.Event{Type: event.TypeStdout, Text: "last words"})
	h.log.End(event.Event{Type: event.TypeComplete})
	if body := r.whole(t); !strings.Contains(body, "last words") || !strings.Contains(body, "execution_complete") {
		t.Errorf("body %q", body)
	}
	if err := <-down; err != nil {
		t.Error(err)
	}
}

// TestAttach_NoReader: who does not read is cut off at the end of the server,
// which does not wait for it.
func TestAttach_NoReader(t *testing.T) {
	h := hold(t, httpapi.Config{WriteTimeout: time.Hour})
	h.dial(t).ask(t, "HTTP/1.1")
	for range 1000 { // 64 MiB, more than any buffer has room for
		h.log.Append(event.Event{Type: event.TypeStdout, Text: strings.Repeat("x", 64<<10)})
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Shutdown(over); err == nil {
		t.Error("a reader that does not read is told to have read all")
	}
	until(t, "the reader to be cut off", func() bool { return h.log.Readers() == 0 })
}
