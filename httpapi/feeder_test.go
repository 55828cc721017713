package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"execd/actors/msg"
	"execd/httpapi"
)

// feeder is a supervisor that has nothing but metrics, which the test makes.
type feeder struct {
	feed *msg.Feed

	mu   sync.Mutex
	left int
}

var _ msg.Supervisor = (*feeder)(nil)

func newFeeder() *feeder {
	f := &feeder{}
	f.feed = msg.NewFeed(time.Second, 0, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.left++
	})
	return f
}

func (f *feeder) Tell(m msg.Message) {
	switch m := m.(type) {
	case msg.GetMetrics:
		sample, _ := f.feed.Latest()
		m.Answer(sample)
	case msg.WatchMetrics:
		f.mu.Lock()
		f.left--
		f.mu.Unlock()
		m.Answer(f.feed)
	default:
		m.Fail(msg.ErrCrashed)
	}
}

func (*feeder) Done() <-chan struct{} { return nil }

// readers is how many have not left.
func (f *feeder) readers() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return -f.left
}

// publish makes a sample that can be told by its load.
func (f *feeder) publish(n int) {
	f.feed.Publish(msg.Metrics{Time: time.Unix(int64(n), 0), Load: [3]float64{float64(n)}})
}

// serveFeed returns a server with a Shutdown of its own, which ends watches.
func serveFeed(t *testing.T, f *feeder) (server *httpapi.Server, address string) {
	t.Helper()
	server = httpapi.New(httpapi.Config{
		Supervisor: f, Log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.ErrorLevel), WriteTimeout: patience,
	})
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	serve := server.Serve
	go func() { served <- serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
		if n := f.readers(); n != 0 {
			t.Errorf("%d readers have not left the feed", n)
		}
	})
	return server, l.Addr().String()
}

// watching is a client that has asked for samples.
type watching struct {
	t    *testing.T
	conn net.Conn
	resp *http.Response
	body *bufio.Reader
}

func watch(t *testing.T, address string, header ...string) *watching {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	request := "GET /metrics/watch HTTP/1.1\r\nHost: localhost\r\n" + strings.Join(header, "\r\n")
	if _, err := io.WriteString(conn, strings.TrimRight(request, "\r\n")+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	return &watching{t: t, conn: conn}
}

// next is the load of the next sample, or -1 at the end.
func (w *watching) next() int {
	w.t.Helper()
	if w.resp == nil {
		resp, err := http.ReadResponse(bufio.NewReader(w.conn), nil)
		if err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(func() {
			w.conn.Close() // first: the body would be read to its end
			resp.Body.Close()
		})
		w.resp, w.body = resp, bufio.NewReader(resp.Body)
	}
	for {
		line, err := w.body.ReadString('\n')
		if err == io.EOF {
			return -1
		}
		if err != nil {
			w.t.Fatal(err)
		}
		line = strings.TrimSpace(strings.TrimPrefix(line, "data: "))
		if line == "" {
			continue
		}
		var body struct {
			Load1 int `json:"load1"`
		}
		if err := json.Unmarshal([]byte(line), &body); err != nil {
			w.t.Fatalf("%v in %q", err, line)
		}
		return body.Load1
	}
}

func (w *watching) expect(want ...int) {
	w.t.Helper()
	for _, n := range want {
		if got := w.next(); got != n {
			w.t.Fatalf("got sample %d, want %d", got, n)
		}
	}
}
