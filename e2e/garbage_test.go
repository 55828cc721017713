package e2e_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// dial opens a connection for what no HTTP client would send.
func (d *daemon) dial(tb testing.TB) net.Conn {
	tb.Helper()
	c, err := (&net.Dialer{Timeout: patience}).DialContext(tb.Context(), "tcp4", d.addr)
	must(tb, err)
	must(tb, c.SetDeadline(time.Now().Add(patience)))
	tb.Cleanup(func() { c.Close() })
	return c
}

func TestGarbage_Requests(t *testing.T) {
	t.Parallel()
	d := start(t, "--log-level", "7")
	for _, c := range []struct {
		name, text string
		status     int // 0 for any refusal, or a connection that just ends
	}{
		{"a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 0},
		{"binary", "\x00\xff\xfe\r\n\r\n", 0},
		{"no HTTP", "hello\r\n\r\n", 0},
		{"another protocol's version", "GET /ping HTTP/9.9\r\nHost: x\r\n\r\n", 0},
		{"no host", "GET /ping HTTP/1.1\r\n\r\n", http.StatusBadRequest},
		{"space in a header name", "GET /ping HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n", http.StatusBadRequest},
		{"endless header", "GET /ping HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("x", 1<<20) + "\r\n\r\n",
			http.StatusRequestHeaderFieldsTooLarge},
		{"negative length", "POST /command HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", http.StatusBadRequest},
		{"two lengths", "POST /command HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", http.StatusBadRequest},
		{"broken chunks", "POST /command HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nxx", http.StatusBadRequest},
		{"unknown encoding", "POST /command HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: rot13\r\n\r\n", http.StatusNotImplemented},
		{"bad escape", "GET /executions/%zz HTTP/1.1\r\nHost: x\r\n\r\n", http.StatusBadRequest},
		{"deep JSON", post100KB("[", `{"command":`), http.StatusBadRequest},
		{"no UTF-8 in JSON", "POST /command HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n\r\n{\"cwd\":\"\xff\xfe\x80\"}", http.StatusBadRequest},
	} {
		conn := d.dial(t)
		go func() {
			_, _ = io.WriteString(conn, c.text) // the other side may close before all is sent
			_ = conn.(*net.TCPConn).CloseWrite()
		}()
		r, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			if c.status != 0 {
				t.Errorf("%s: %v, want status %d", c.name, err, c.status)
			}
			continue
		}
		r.Body.Close()
		if r.StatusCode != c.status && (c.status != 0 || r.StatusCode < 400) {
			t.Errorf("%s: status %d, want %d", c.name, r.StatusCode, c.status)
		}
	}
	d.command(t, "true").ends(t, success)
}

func post100KB(unit, head string) string {
	body := head + strings.Repeat(unit, 100_000)
	return "POST /command HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
		"186ab\r\n" + body[:0x186ab] + "\r\n0\r\n\r\n"
}

// A connection that never gets to the end of its headers is ended, and holds up nobody meanwhile.
func TestGarbage_SlowHeaders(t *testing.T) {
	t.Parallel()
	d := start(t)
	var slow []net.Conn
	for range 50 {
		c := d.dial(t)
		_, err := io.WriteString(c, "POST /command HTTP/1.1\r\nHost: x\r\nContent-Le")
		must(t, err)
		slow = append(slow, c)
	}
	d.command(t, "true").ends(t, success)
	for _, c := range slow {
		if _, err := io.Copy(io.Discard, c); err != nil {
			t.Fatalf("a connection without a request is held: %v", err)
		}
	}
}

// A request that breaks off before its end starts nothing.
func TestGarbage_HalfARequest(t *testing.T) {
	t.Parallel()
	d := start(t)
	whole := `{"command":"true"}`
	for n := range len(whole) {
		c := d.dial(t)
		_, err := io.WriteString(c, "POST /command HTTP/1.1\r\nHost: x\r\nContent-Length: 18\r\n\r\n"+whole[:n])
		must(t, err)
		c.Close()
	}
	d.command(t, "true").ends(t, success)
	if list := get[[]execution](t, d, "/executions"); len(list) != 1 {
		t.Errorf("half a request has started something: %+v", list)
	}
}
