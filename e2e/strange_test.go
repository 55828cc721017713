package e2e_test

import (
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestFiles_Strange: what is no file is refused by everything that needs one, and nobody waits for its other end.
func TestFiles_Strange(t *testing.T) {
	t.Parallel()
	d := start(t)
	dir := t.TempDir()
	must(t, syscall.Mkfifo(dir+"/pipe", 0o600))
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: dir + "/s", Net: "unix"})
	must(t, err)
	defer func() { _ = l.Close() }()
	for _, path := range []string{dir + "/pipe", dir + "/s", "/dev/null", "/dev/zero", "/dev/tty"} {
		q := pathQuery(path)
		for request, body := range map[string]any{
			"GET /files/download" + q: nil, "GET /files/download" + q + "&offset=1": nil, "GET /files/archive" + q: nil,
			"PUT /files/upload" + q: "text", "POST /files/extract" + q: "text", "GET /directories/list" + q: nil,
			"POST /files/replace": object{path: object{"old": "a", "new": "b"}},
		} {
			method, target, _ := strings.Cut(request, " ")
			d.fails(t, http.StatusBadRequest, "INVALID_FILE", method, target, body)
		}
		if got := d.info(t, path); got.Type != "other" {
			t.Errorf("%+v", got)
		}
		if a := d.ok(t, http.MethodGet, "/files/search"+q+"&content=.", nil); strings.TrimSpace(a.body) != "[]" {
			t.Errorf("found in %s: %s", path, a.body)
		}
	}
	if a := d.ok(t, http.MethodGet, "/files/archive"+pathQuery(dir)+"&format=tar", nil); len(a.body) != 1024 {
		t.Errorf("an archive without a file has %d bytes", len(a.body))
	}
}

// TestFiles_Kernel: the kernel's files can be read, also one that has no end, and written, though nothing can be made
// beside them.
func TestFiles_Kernel(t *testing.T) {
	t.Parallel()
	d := start(t)
	name := fmt.Sprintf("/proc/%d/task/%d/comm", d.pid, d.pid)
	d.ok(t, http.MethodPut, "/files/upload"+pathQuery(name), "another")
	if a := d.ok(t, http.MethodGet, "/files/download"+pathQuery(name), nil); a.body != "another\n" {
		t.Errorf("%q", a.body)
	}
	if f, err := os.Open("/proc/kmsg"); err != nil {
		t.Logf("this user may not read the log of the kernel: %v", err)
	} else {
		must(t, f.Close())
		for _, method := range []string{http.MethodHead, http.MethodGet} {
			d.ok(t, method, "/files/download"+pathQuery("/proc/kmsg"), nil)
		}
	}
}

// TestFiles_NotUTF8: a name that JSON cannot hold is told in base64, and its bytes are taken where a name is.
func TestFiles_NotUTF8(t *testing.T) {
	t.Parallel()
	d := start(t)
	dir := t.TempDir()
	d.ok(t, http.MethodPut, "/files/upload"+pathQuery(dir+"/bad\xff\xfename"), "text")
	if text, err := os.ReadFile(dir + "/bad\xff\xfename"); err != nil || string(text) != "text" {
		t.Errorf("%q, %v", text, err)
	}
	for _, target := range []string{"/directories/list", "/files/search"} {
		list := get[[]struct {
			Path   string
			Base64 string `json:"path_base64"`
		}](t, d, target+pathQuery(dir))
		if len(list) != 1 || list[0].Path != dir+"/bad\ufffd\ufffdname" {
			t.Fatalf("%s: %+v", target, list)
		}
		path, err := base64.StdEncoding.DecodeString(list[0].Base64)
		must(t, err)
		if a := d.ok(t, http.MethodGet, "/files/download"+pathQuery(string(path)), nil); a.body != "text" {
			t.Errorf("%s: %q", target, a.body)
		}
	}
	d.ok(t, http.MethodDelete, "/files"+pathQuery(dir+"/bad\xff\xfename"), nil)
}

// TestPut_Beside: a file that may be written is written, also where nothing may be made beside it.
func TestPut_Beside(t *testing.T) {
	t.Parallel()
	d := startAs(t, 65534)
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o755))
	path := dir + "/file"
	must(t, os.WriteFile(path, []byte("old and longer"), 0o600))
	must(t, os.Chmod(path, 0o666))
	d.ok(t, http.MethodPut, "/files/upload"+pathQuery(path), "new")
	holds(t, path, "new", 0o666)
	d.ok(t, http.MethodPost, "/files/replace", object{path: object{"old": "new", "new": "newer"}})
	holds(t, path, "newer", 0o666)
	d.fails(t, http.StatusForbidden, "PERMISSION_DENIED", http.MethodPut, "/files/upload"+pathQuery(dir+"/other"), "new")
}
