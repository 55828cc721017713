package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// scripted is a peer that has said everything already.
type scripted struct {
	net.Conn
	in io.Reader
}

func (s scripted) Read(p []byte) (int, error)  { return s.in.Read(p) }
func (s scripted) Write(p []byte) (int, error) { return len(p), nil }

func answered(text string) *connection {
	return newConnection(scripted{in: strings.NewReader(text)}, 64)
}

// chunks is data as a chunked body, cut every so many bytes.
func chunks(data []byte, size int) string {
	var b strings.Builder
	for len(data) > 0 {
		n := min(size, len(data))
		fmt.Fprintf(&b, "%x\r\n%s\r\n", n, data[:n])
		data = data[n:]
	}
	return b.String() + "0\r\n\r\n"
}

func TestConnection_KeepAlive(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Execd-Execution-Id", "x1")
		switch r.URL.Path {
		case "/none":
		case "/long":
			_, _ = w.Write(bytes.Repeat([]byte("0123456789"), 100_000))
		default:
			w.(http.Flusher).Flush()
			_, _ = w.Write(append(body, '!'))
		}
	}))
	defer server.Close()
	c, err := dial(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for range 2 {
		for path, want := range map[string]string{"/none": "", "/long": strings.Repeat("0123456789", 100_000), "/chunked": "{}!"} {
			r, err := c.ask(http.MethodPost, path, "{}")
			if err != nil || r.execution != "x1" {
				t.Fatalf("%s: %+v, %v", path, r, err)
			}
			if body, err := c.whole(); err != nil || string(body) != want {
				t.Fatalf("%s: %d bytes, %v; want %d", path, len(body), err, len(want))
			}
		}
	}
}

func TestConnection_Broken(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for _, text := range []string{
		"", "HTTP/1.1", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
		head, head + "zz\r\n", head + "-1\r\n", head + "3\r\nab", head + "1\r\nabc", head + "1\r\na\r\n", head + "0\r\nx\r\n",
	} {
		if _, err := answered(text).get("/"); err == nil || errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: error %v, want one that says what is wrong", text, err)
		}
	}
}

// FuzzConnection: whatever comes, reading ends and does not panic.
func FuzzConnection(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")
	f.Add("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks([]byte("id: 1\ndata: {}\n\n"), 3))
	f.Add("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n")
	f.Fuzz(func(_ *testing.T, text string) {
		_ = answered(text).stream(http.MethodGet, "/", "", func(f frame) error {
			_, _, _ = f.id(), f.text(), f.is("stdout")
			return nil
		})
	})
}

// FuzzFrames: frames come out as they were put in, wherever chunks and reads cut them.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("id: 1\ndata: {\"type\":\"init\"}\n\nid: 2\ndata: {\"type\":\"stdout\",\"text\":\"hi\"}\n\n"), 1, 16)
	f.Add([]byte("\n\n\n\n\nid"), 2, 17)
	f.Add(bytes.Repeat([]byte("data: x\n\n"), 100), 64, 4096)
	f.Fuzz(func(t *testing.T, data []byte, chunk, buffer int) {
		if len(data) > 4<<10 {
			t.Skip("a frame that is put together of thousands of chunks takes the square of them")
		}
		text := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(data, max(chunk, 1))
		// A head has to fit in the buffer, as it always does in earnest.
		c := newConnection(scripted{in: strings.NewReader(text)}, min(max(buffer, 64), 1<<16))
		if _, err := c.ask(http.MethodGet, "/", ""); err != nil {
			t.Fatal(err)
		}
		var got []byte
		err := c.frames(func(f frame) error {
			if bytes.Contains(f, frameEnd) {
				t.Errorf("%q is more than a frame", f)
			}
			got = append(append(got, f...), frameEnd...)
			return nil
		})
		rest := data
		for found := true; found; {
			var behind []byte
			if _, behind, found = bytes.Cut(rest, frameEnd); found {
				rest = behind
			}
		}
		whole := data[:len(data)-len(rest)]
		if !bytes.Equal(got, whole) {
			t.Errorf("got %q of %q", got, data)
		}
		if (err == nil) != (len(got) == len(data)) {
			t.Errorf("error %v after %d of %d bytes", err, len(got), len(data))
		}
	})
}

func TestConnection_Until(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	c := newConnection(near, readBuffer)
	defer c.close()
	c.until(time.Unix(1, 0))
	if _, err := c.receive(); err == nil {
		t.Error("a silent peer is waited for")
	}
}
