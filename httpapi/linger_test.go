package httpapi_test

import (
	"bufio"
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

	"execd/actors/msg"
	"execd/httpapi"
)

// TestLingering_WritesFirst: a client that sends all of its body before it reads gets to read why it was refused.
func TestLingering_WritesFirst(t *testing.T) {
	t.Parallel()
	server := serve(t, httpapi.Config{Supervisor: refusing{msg.ErrDraining}, MaxUpload: 1 << 20})
	const length = 32 << 20 // more than sockets hold
	for name, body := range map[string]string{
		"announced": fmt.Sprintf("Content-Length: %d\r\n\r\n", length),
		"in chunks": fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n", length),
	} {
		c, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		head := "PUT /files/upload?path=" + filepath.Join(t.TempDir(), "file") + " HTTP/1.1\r\nHost: localhost\r\n" + body
		if _, err = io.WriteString(c, head); err == nil {
			_, err = io.CopyN(c, zeros{}, length)
		}
		if err == nil && name == "in chunks" {
			_, err = io.WriteString(c, "\r\n0\r\n\r\n")
		}
		if err != nil {
			t.Errorf("%s: the connection broke while the body was sent: %v", name, err)
		}
		r, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text, err := io.ReadAll(r.Body)
		if r.StatusCode != http.StatusRequestEntityTooLarge || err != nil || !strings.Contains(string(text), "BODY_TOO_LARGE") || !r.Close {
			t.Errorf("%s: %d %s, %v, closes: %t", name, r.StatusCode, text, err, r.Close)
		}
		if err := errors.Join(r.Body.Close(), c.Close()); err != nil {
			t.Error(err)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestDownload_Stalled: a client that takes nothing is given up, and does not take what it has for the whole.
func TestDownload_Stalled(t *testing.T) {
	t.Parallel()
	server := serve(t, httpapi.Config{Supervisor: refusing{msg.ErrDraining}, WriteTimeout: 50 * time.Millisecond})
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const size = 1 << 30 // it needs no disk: there is nothing in it
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
	before := openFiles(t, path)
	r, err := server.Client().Get(server.URL + "/files/download?path=" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	for deadline := time.Now().Add(patience); openFiles(t, path) > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the file is still open for a client that does not read")
		}
	}
	if n, err := io.Copy(io.Discard, r.Body); err == nil || n >= size {
		t.Errorf("read %d bytes, %v", n, err)
	}
}

// openFiles is how often this process has a file open.
func openFiles(t *testing.T, path string) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("only Linux tells: %v", err)
	}
	n := 0
	for _, e := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && to == path {
			n++
		}
	}
	return n
}
