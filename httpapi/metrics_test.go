package httpapi_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/rs/zerolog"

	"execd/actors/msg"
	"execd/httpapi"
)

// useMetrics does with metrics what can be done with them.
func useMetrics(t *testing.T, c *contract) {
	t.Helper()
	openapi3filter.RegisterBodyDecoder("application/openmetrics-text",
		func(r io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
			text, err := io.ReadAll(r)
			return string(text), err
		})
	l := newLive(t, c)
	l.contains(l.do(200, "GET", "/metrics", "", "Accept", "application/json, text/plain, */*").body, `"host":{`)
	for _, target := range []string{"/metrics", "/metrics/prometheus"} {
		l.contains(l.do(200, "GET", target, "", "Accept", "text/plain;version=0.0.4, */*;q=0.1").body, "execd_http_requests_total")
		l.contains(l.do(200, "GET", target, "", "Accept", "application/openmetrics-text;q=0.5,*/*;q=0.2").body, "# EOF")
	}
	for _, bad := range []string{"99", "60001", "-1", "1.5", "x", "99999999999999999999"} {
		l.refused(400, "INVALID_REQUEST_BODY", "GET", "/metrics/watch?interval_ms="+bad, "")
	}
	l.contains(l.watch("text/event-stream"), "data: {")
	l.contains(l.watch("application/x-ndjson"), "{")
}

// watch reads two samples and leaves.
func (l *live) watch(accept string) string {
	l.t.Helper()
	ctx, leave := context.WithTimeout(l.t.Context(), patience)
	defer leave()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.server.URL+"/metrics/watch?interval_ms=100", nil)
	if err != nil {
		l.t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	resp, err := l.server.Client().Do(r)
	if err != nil {
		l.t.Fatal(err)
	}
	defer resp.Body.Close()
	var body bytes.Buffer
	for lines := bufio.NewScanner(resp.Body); bytes.Count(body.Bytes(), []byte("{\"cpu")) < 2 && lines.Scan(); {
		body.Write(append(lines.Bytes(), '\n'))
	}
	l.c.check(l.t, r, resp, body.Bytes())
	return body.String()
}

// feeder is a supervisor that has nothing but metrics, which the test makes.
type feeder struct {
	feed *msg.Feed

	mu   sync.Mutex
	left int
}

var _ msg.Supervisor = (*feeder)(nil)

func newFeeder() *feeder {
	f := &feeder{}
	f.feed = msg.NewFeed(time.Second, func() {
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
	go func() { served <- server.Serve(l) }()
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
		if err == io.EOF { //nolint:errorlint // a broken body is no end
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

// TestWatch_Framings: everybody gets every sample, the first at once, each in
// the framing of its client; the body ends properly with the server.
func TestWatch_Framings(t *testing.T) {
	f := newFeeder()
	f.publish(1)
	server, address := serveFeed(t, f)
	clients := []*watching{
		watch(t, address), watch(t, address, "User-Agent: OpenSandbox-Go-SDK/1"), watch(t, address, "Accept: application/x-ndjson"),
	}
	for _, c := range clients {
		c.expect(1)
	}
	for n := 2; n < 5; n++ {
		f.publish(n)
		for _, c := range clients {
			c.expect(n)
		}
	}
	late := watch(t, address)
	late.expect(4)
	f.publish(5)
	late.expect(5)
	if h := clients[0].resp.Header; h.Get("Content-Type") != "text/event-stream" || h.Get("X-Request-Id") == "" || h.Get("Date") == "" {
		t.Errorf("header %v", h)
	}
	if h := clients[2].resp.Header; h.Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("header %v", h)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	late.expect(-1)
}

// TestWatch_OldClient: HTTP/1.0 knows no chunks; there the connection ends.
func TestWatch_OldClient(t *testing.T) {
	f := newFeeder()
	f.publish(1)
	server, address := serveFeed(t, f)
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp4", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /metrics/watch HTTP/1.0\r\nAccept: application/x-ndjson\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(conn)
	resp, err := http.ReadResponse(lines, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if line, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil || !json.Valid([]byte(line)) {
		t.Errorf("got %q, %v", line, err)
	}
	if len(resp.TransferEncoding) != 0 {
		t.Errorf("transfer encoding %v", resp.TransferEncoding)
	}
	if err := server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestWatch_Gone: who has gone is let go of, and so is the feed.
func TestWatch_Gone(t *testing.T) {
	f := newFeeder()
	f.publish(1)
	_, address := serveFeed(t, f)
	stays := watch(t, address)
	stays.expect(1)
	for range 10 {
		w := watch(t, address)
		w.expect(1)
		_ = w.conn.Close()
	}
	n := 1
	for deadline := time.Now().Add(patience); f.feed.Readers() != 1; n++ {
		if time.Now().After(deadline) {
			t.Fatalf("%d readers, of which ten have gone", f.feed.Readers())
		}
		f.publish(n + 1)
		stays.expect(n + 1)
	}
	_ = stays.conn.Close()
	for deadline := time.Now().Add(patience); f.readers() != 0; n++ {
		if time.Now().After(deadline) {
			t.Fatal("nobody watches, and the feed is read")
		}
		f.publish(n + 1)
		runtime.Gosched()
	}
	again := watch(t, address)
	again.expect(n)
}

// TestWatch_Stalled: a reader that does not read holds nobody up, and goes on
// with the newest sample instead of all that it has missed.
func TestWatch_Stalled(t *testing.T) {
	f := newFeeder()
	f.publish(1)
	_, address := serveFeed(t, f)
	stalled, other := watch(t, address), watch(t, address)
	if err := stalled.conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil { //nolint:forcetypeassert // it was dialed as TCP
		t.Fatal(err)
	}
	stalled.expect(1)
	other.expect(1)
	const last = 2000 // at 800 bytes, far more than these buffers
	for n := 2; n <= last; n++ {
		f.publish(n)
		other.expect(n)
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { // what the connection has not taken goes out with the next sample
		defer close(stopped)
		for n := last + 1; ; n++ {
			select {
			case <-stop:
				return
			default:
				f.publish(n)
				runtime.Gosched()
			}
		}
	}()
	got, widest := 1, 0
	for got <= last {
		now := stalled.next()
		if now <= got {
			t.Errorf("sample %d comes behind sample %d", now, got)
			break
		}
		widest = max(widest, now-got)
		got = now
	}
	close(stop)
	<-stopped
	if widest < last/2 {
		t.Errorf("of %d samples it missed %d at a time: the others were kept for it", last, widest)
	}
}

// TestMetrics_Refused: what the supervisor says is said before the stream.
func TestMetrics_Refused(t *testing.T) {
	server := serve(t, httpapi.Config{Supervisor: refusing{msg.ErrDraining}})
	for _, target := range []string{"/metrics", "/metrics/watch"} {
		if got := httpGet(t, server, target); got != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", target, got)
		}
	}
}

func httpGet(t *testing.T, server *httptest.Server, target string) int {
	t.Helper()
	resp, err := server.Client().Get(server.URL + target) //nolint:noctx // the server answers at once
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}
