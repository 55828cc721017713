//go:build unix

package httpapi_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"execd/httpapi"
	"execd/kernel/kerneltest"
)

// connectTerminal connects to a terminal, by a connection that holds so much of what is not read.
func connectTerminal(t *testing.T, server *httptest.Server, path string, buffer int) *websocket.Conn {
	t.Helper()
	dialer := websocket.Dialer{NetDialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		if tcp, ok := conn.(*net.TCPConn); ok {
			err = tcp.SetReadBuffer(buffer)
		}
		return conn, err
	}}
	conn, resp, err := dialer.Dial("ws"+strings.TrimPrefix(server.URL, "http")+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func typeKeys(t *testing.T, conn *websocket.Conn, keys string) {
	t.Helper()
	if err := conn.WriteMessage(websocket.BinaryMessage, []byte("\x00"+keys)); err != nil {
		t.Fatal(err)
	}
}

func awaitFile(t *testing.T, path string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		if _, err := os.Stat(path); err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: it does not come", path)
		}
	}
}

func tailOf(text string, n int) string { return text[max(len(text)-n, 0):] }

// What the one who has lost the seat has typed, and nobody has read yet, does not keep the next one from typing; also
// where he does not read what the terminal shows, so that he cannot be told.
func TestPTY_TakeoverFromTheStuck(t *testing.T) {
	t.Parallel()
	server := serveSystem(t, &kerneltest.Fake{}, httpapi.Config{WriteTimeout: time.Hour})
	dir := t.TempDir()
	ready, gate := filepath.Join(dir, "ready"), filepath.Join(dir, "gate")
	script := fmt.Sprintf("stty raw -echo; yes | head -c 8000000; touch %s; until [ -e %s ]; do sleep 0.01; done; tr -d x", ready, gate)
	path := makeTerminal(t, server, script)
	stuck := connectTerminal(t, server, path, 4<<10)
	awaitFile(t, ready)
	typeKeys(t, stuck, strings.Repeat("x", 500_000)) // more than a terminal takes
	next := connectTerminal(t, server, path+"?takeover=1", 1<<20)
	_ = stuck.WriteMessage(websocket.BinaryMessage, []byte("\x00late\n")) // nobody hears it; it may be cut off by now
	typeKeys(t, next, "here\n")
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := next.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	ended := false
	for typed := ""; !strings.Contains(typed, "end"); {
		if !ended && strings.Contains(typed, "here") {
			typeKeys(t, next, "end\n")
			ended = true
		}
		kind, b, err := next.ReadMessage()
		if err != nil {
			t.Fatalf("what the next one typed does not come: %v; %q came", err, typed)
		}
		if kind == websocket.BinaryMessage { // a replay, too: much was shown before
			typed = tailOf(typed+string(b[1:]), 100)
		}
		if strings.Contains(typed, "late") {
			t.Fatal("the one who has lost the seat types on")
		}
	}
}

// A client that leaves behind more than the terminal takes gives up its seat all the same, and not only to one who takes
// it.
func TestPTY_StuckLeaves(t *testing.T) {
	t.Parallel()
	server := serveSystem(t, &kerneltest.Fake{}, httpapi.Config{})
	dir := t.TempDir()
	ready, taken := filepath.Join(dir, "ready"), filepath.Join(dir, "taken")
	path := makeTerminal(t, server, fmt.Sprintf("stty raw -echo; touch %s; head -c 1 >/dev/null; touch %s; sleep 1000", ready, taken))
	stuck := connectTerminal(t, server, path, 1<<20)
	awaitFile(t, ready)
	typeKeys(t, stuck, strings.Repeat("x", 500_000)) // more than a terminal takes
	awaitFile(t, taken)                              // so all of it has come to the daemon
	_ = stuck.Close()
	status := 0
	until(t, "the seat to be free", func() bool {
		conn, resp, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(server.URL, "http")+path, nil)
		if resp != nil {
			status = resp.StatusCode
			_ = resp.Body.Close()
		}
		if err != nil {
			return false
		}
		_ = conn.Close()
		return true
	})
	if status != http.StatusSwitchingProtocols {
		t.Errorf("status %d", status)
	}
}
