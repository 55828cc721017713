package e2e_test

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLimits_Header(t *testing.T) {
	t.Parallel()
	d := start(t, "--max-header", "2KiB")
	d.ok(t, http.MethodGet, "/ping", nil, "A", strings.Repeat("x", 1<<10))
	for name, header := range map[string][]string{
		"one field":   {"A", strings.Repeat("x", 2<<10)},
		"many fields": strings.Split(strings.Repeat("A,x,", 500)+"A,x", ","),
	} {
		a := d.call(t, http.MethodGet, "/ping", nil, header...)
		a.checkFailure(t, http.StatusRequestHeaderFieldsTooLarge, "HEADER_TOO_LARGE", name)
	}
	d.fails(t, http.StatusRequestHeaderFieldsTooLarge, "HEADER_TOO_LARGE", http.MethodGet, "/ping?"+strings.Repeat("x", 2<<10), nil)
	if a := d.call(t, http.MethodGet, "/ping", nil, "A", strings.Repeat("x", 1<<20)); a.status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("far too much: %d %s", a.status, a.body) // net/http's own answer
	}
}

func TestLimits_Streams(t *testing.T) {
	t.Parallel()
	d := start(t, "--max-streams", "2")
	first := d.openCommand(t, "sleep 1000")
	id := d.background(t, "sleep 1000")
	second := d.attach(t, id, 0)
	session := d.newSession(t, nil)
	before := len(get[[]execution](t, d, "/executions"))
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{http.MethodPost, "/command", object{"command": "true"}},
		{http.MethodPost, "/code", object{"code": "true"}},
		{http.MethodPost, "/session/" + session.ID + "/run", object{"command": "true"}},
		{http.MethodGet, "/executions/" + id + "/events", nil},
		{http.MethodGet, "/executions/" + id + "/wait?for=exit", nil},
		{http.MethodGet, "/metrics/watch", nil},
		{http.MethodGet, "/pty/" + d.terminal(t, nil) + "/ws", nil},
	} {
		d.fails(t, http.StatusTooManyRequests, "TOO_MANY_STREAMS", c.method, c.path, c.body)
	}
	if after := len(get[[]execution](t, d, "/executions")); after != before {
		t.Errorf("%d executions are known, want the %d from before: something was started", after, before)
	}
	second.close()
	eventually(t, "the place of a client that has left", func() bool {
		return d.call(t, http.MethodPost, "/command", object{"command": "true"}).status == http.StatusOK
	})
	var samples *http.Response
	eventually(t, "the place of a command that has ended", func() bool {
		r, err := d.send(t.Context(), http.MethodGet, "/metrics/watch?interval_ms=100", nil)
		must(t, err)
		if r.StatusCode != http.StatusOK {
			return r.Body.Close() != nil
		}
		samples = r
		return true
	})
	d.fails(t, http.StatusTooManyRequests, "TOO_MANY_STREAMS", http.MethodPost, "/command", object{"command": "true"})
	must(t, samples.Body.Close())
	eventually(t, "the place of a watcher that has left", func() bool {
		return d.call(t, http.MethodPost, "/command", object{"command": "true"}).status == http.StatusOK
	})
	first.close()
}

func TestLimits_SlowHeader(t *testing.T) {
	t.Parallel()
	d := start(t, "--header-timeout", "300ms")
	for name, head := range map[string]string{"nothing": "", "half a line": "GET /pi", "half a header": "GET /ping HTTP/1.1\r\nHost: x\r\n"} {
		conn := d.dial(t)
		_, err := io.WriteString(conn, head)
		must(t, err)
		if _, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: the connection is still open", name)
		}
	}
	trickle(t, d, "GET /ping HTTP/1.1\r\nHost: x\r\nA: ")
	d.command(t, "sleep 0.6; echo late").ends(t, success) // the timeout is over with the header
}

// trickle sends a text, and then a byte now and then until the other side closes.
func trickle(tb testing.TB, d *daemon, text string) {
	tb.Helper()
	conn := d.dial(tb)
	_, err := io.WriteString(conn, text)
	must(tb, err)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
		if _, err := io.WriteString(conn, "x"); err != nil {
			return
		}
	}
	tb.Errorf("%q: a client that trickles was never cut", text)
}

func TestLimits_SlowBody(t *testing.T) {
	t.Parallel()
	d := start(t, "--body-timeout", "300ms")
	dir := t.TempDir()
	tus := "Tus-Resumable: 1.0.0\r\nUpload-Length: 1000000\r\nContent-Type: application/offset+octet-stream\r\n" +
		"Upload-Metadata: path " + base64.StdEncoding.EncodeToString([]byte(dir+"/resumable")) + "\r\n"
	for name, c := range map[string]struct{ method, path, header, body string }{
		"JSON":      {"POST", "/command", "", `{"command":"touch ` + dir + `/ran"`},
		"chunked":   {"POST", "/command", "chunked", `{"command":"touch ` + dir + `/ran"`},
		"nothing":   {"POST", "/files/mv", "", ""},
		"raw":       {"PUT", "/files/upload?path=" + dir + "/raw", "", strings.Repeat("x", 100_000)},
		"form":      {"POST", "/files/upload", "Content-Type: multipart/form-data; boundary=b\r\n", halfForm(dir + "/form")},
		"archive":   {"POST", "/files/extract?path=" + t.TempDir(), "Content-Type: application/x-tar\r\n", "x"},
		"resumable": {"POST", "/files/uploads", tus, "x"},
		"refused":   {"POST", "/files/uploads", strings.Replace(tus, "1.0.0", "0.1", 1), "x"},
		"checked":   {"POST", "/files/uploads", tus + "Upload-Checksum: md5 AAAA\r\n", "x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, a := stall(t, d, c.method, c.path, c.header, c.body)
			slow := a.status == http.StatusRequestTimeout && strings.Contains(a.body, "BODY_TIMEOUT")
			if slow == (name == "refused") {
				t.Errorf("%d %s", a.status, a.body)
			}
			if _, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the connection is still open")
			}
		})
	}
	t.Cleanup(func() {
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("half a request has made %v (%v)", left, err)
		}
	})
}

// halfForm is the beginning of an upload.
func halfForm(path string) string {
	return "--b\r\nContent-Disposition: form-data; name=\"metadata\"; filename=\"metadata\"\r\n\r\n{\"path\":\"" + path + "\"}\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nhalf"
}

// stall sends a request but for the end of its body, and returns the answer.
func stall(tb testing.TB, d *daemon, method, path, header, body string) (net.Conn, answer) {
	tb.Helper()
	length := "Content-Length: 1000000\r\n" + header
	if header == "chunked" {
		length, body = "Transfer-Encoding: chunked\r\n", fmt.Sprintf("%x\r\n%s\r\n", len(body), body)
	}
	conn := d.dial(tb)
	_, err := io.WriteString(conn, method+" "+path+" HTTP/1.1\r\nHost: x\r\n"+length+"\r\n"+body)
	must(tb, err)
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	must(tb, err)
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	must(tb, err)
	return conn, answer{r.StatusCode, r.Header, string(text)}
}

func TestLimits_TricklingBody(t *testing.T) {
	t.Parallel()
	d := start(t, "--body-timeout", "300ms")
	file := filepath.Join(t.TempDir(), "file")
	trickle(t, d, "POST /command HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{")
	trickle(t, d, "PUT /files/upload?path="+file+" HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
	d.command(t, "sleep 0.6; echo late").ends(t, success) // the timeout is over with the body
}

// TestLimits_TypedInput: what somebody types may take its time.
func TestLimits_TypedInput(t *testing.T) {
	t.Parallel()
	d := start(t, "--body-timeout", "300ms")
	s := d.openCommand(t, object{"command": "cat", "stdin": true})
	r, w := io.Pipe()
	answered := make(chan int, 1)
	go func() { answered <- d.call(t, http.MethodPost, "/executions/"+s.id+"/stdin?eof=true", r).status }()
	_, err := io.WriteString(w, "first\n")
	must(t, err)
	s.untilText(t, "first")
	stall(t, d, "POST", "/command", "", "{") // which takes longer than a body may stall
	_, err = io.WriteString(w, "second\n")
	must(t, err)
	must(t, w.Close())
	s.untilText(t, "second")
	if status := <-answered; status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	s.rest(t).ends(t, success)
}
