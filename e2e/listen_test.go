package e2e_test

import (
	"context"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// startOn runs execd on a socket in the file system.
func startOn(tb testing.TB, path string, args ...string) *daemon {
	tb.Helper()
	d := start(tb, append([]string{"--listen", "unix:" + path}, args...)...)
	if d.addr != path {
		tb.Fatalf("execd listens on %q, want %q", d.addr, path)
	}
	d.url = "http://execd"
	d.client = &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, DisableCompression: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		},
	}}
	return d
}

// socketPath is short: there is room for some hundred bytes in the address of a socket (unix(7)).
func socketPath(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "e") //nolint:usetesting // the test's own is too long
	must(tb, err)
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

func TestListen_Unix(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	d := startOn(t, path)
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("the socket has mode %v, want a socket for its owner only", info.Mode())
	}
	d.command(t, "echo hi").ends(t, success)
	d.watchSamples(t)
	if strings.Contains(d.log(t), "anybody who reaches this address") {
		t.Error("execd warns of strangers, who cannot reach a socket of its user's")
	}
	d.stop(t)
	if _, err := os.Lstat(path); err == nil {
		t.Error("the socket was left behind")
	}
}

func TestListen_StaleSocket(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	first := startOn(t, path)
	_, stderr, status := execute(t, nil, "--listen", "unix:"+path)
	if status != 1 || !strings.Contains(stderr, "somebody listens") {
		t.Errorf("a second daemon on the socket: status %d, %q", status, stderr)
	}
	first.command(t, "true").ends(t, success) // the other has taken nothing away
	first.kill(t)
	if _, err := os.Lstat(path); err != nil {
		t.Fatalf("the socket of a daemon that was killed is gone: %v", err)
	}
	startOn(t, path).command(t, "true").ends(t, success)
}

func TestListen_NoSocket(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	must(t, os.WriteFile(path, []byte("precious"), 0o600))
	_, stderr, status := execute(t, nil, "--listen", "unix:"+path)
	if status != 1 || !strings.Contains(stderr, "not a socket") {
		t.Errorf("on a file: status %d, %q", status, stderr)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "precious" {
		t.Errorf("the file has %q now: %v", text, err)
	}
	_, stderr, status = execute(t, nil, "--listen", "unix:"+filepath.Join(path, "no", "folder"))
	if status != 1 || strings.Count(stderr, "\n") != 1 {
		t.Errorf("below a file: status %d, %q", status, stderr)
	}
}

func TestListen_Address(t *testing.T) {
	t.Parallel()
	start(t, "--listen", "127.0.0.1:0").command(t, "true").ends(t, success)
}
