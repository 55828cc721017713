package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"runtime"
	"testing"
	"time"
)

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
