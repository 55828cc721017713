package e2e_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// randomFile makes a file of so many bytes that nobody can guess.
func randomFile(tb testing.TB, path string, size int) []byte {
	tb.Helper()
	b := make([]byte, size)
	_, _ = rand.Read(b) // never fails
	must(tb, os.WriteFile(path, b, 0o600))
	return b
}

func TestDownload_Whole(t *testing.T) {
	t.Parallel()
	d := start(t)
	for _, size := range []int{0, 1, 64 << 10, 64<<10 + 1, 3 << 20} {
		path := filepath.Join(d.dir, strconv.Itoa(size))
		want := randomFile(t, path, size)
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			a := d.ok(t, method, "/files/download"+pathQuery(path), nil)
			for name, value := range map[string]string{
				"Content-Length":      strconv.Itoa(size),
				"Content-Type":        "application/octet-stream",
				"Content-Disposition": `attachment; filename="` + strconv.Itoa(size) + `"`,
				"Accept-Ranges":       "bytes",
			} {
				if got := a.header.Get(name); got != value {
					t.Errorf("%s of %d bytes: %s is %q, want %q", method, size, name, got, value)
				}
			}
			if tag := a.header.Get("Etag"); len(tag) < 3 || !strings.HasPrefix(tag, `"`) || a.header.Get("Last-Modified") == "" {
				t.Errorf("ETag %s, Last-Modified %q", tag, a.header.Get("Last-Modified"))
			}
			if method == http.MethodHead {
				want = nil
			}
			if a.body != string(want) {
				t.Errorf("%s of %d bytes: got %d bytes", method, size, len(a.body))
			}
		}
	}
}

// TestDownload_Names: every name arrives as it is, and no header is broken by one.
func TestDownload_Names(t *testing.T) {
	t.Parallel()
	d := start(t)
	for _, name := range []string{
		"plain.txt", "two words", "ünïcode 文件.txt", `quo"te`, `back\slash`, "100%", "line\nfeed", "a+b;c=d,e", "'single'",
	} {
		path := filepath.Join(d.dir, name)
		randomFile(t, path, 3)
		value := d.ok(t, http.MethodGet, "/files/download"+pathQuery(path), nil).header.Get("Content-Disposition")
		kind, params, err := mime.ParseMediaType(value)
		if err != nil || kind != "attachment" || params["filename"] != name {
			t.Errorf("%q: %s: got %q, %v", name, value, params["filename"], err)
		}
	}
}

func TestDownload_Ranges(t *testing.T) {
	t.Parallel()
	d := start(t)
	path := filepath.Join(d.dir, "file")
	all := string(randomFile(t, path, 100_000))
	target := "/files/download" + pathQuery(path)
	for spec, want := range map[string]string{
		"0-0": all[:1], "5-9": all[5:10], "99990-": all[99_990:], "-7": all[99_993:], "-200000": all, "99999-1000000": all[99_999:], "0-": all,
	} {
		a := d.call(t, http.MethodGet, target, nil, "Range", "bytes="+spec)
		if a.status != http.StatusPartialContent || a.body != want || a.header.Get("Content-Length") != strconv.Itoa(len(want)) {
			t.Errorf("%s: %d, %d bytes, %v", spec, a.status, len(a.body), a.header)
		}
	}
	a := d.call(t, http.MethodGet, target, nil, "Range", "bytes=0-9,50-59,-10")
	kind, params, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if err != nil || a.status != http.StatusPartialContent || kind != "multipart/byteranges" {
		t.Fatalf("several ranges: %d %s %v", a.status, kind, err)
	}
	parts := multipart.NewReader(strings.NewReader(a.body), params["boundary"])
	for _, want := range []string{all[:10], all[50:60], all[99_990:]} {
		part, err := parts.NextPart()
		must(t, err)
		if got, err := io.ReadAll(part); err != nil || string(got) != want {
			t.Errorf("a range of several: got %q, %v, want %q", got, err, want)
		}
	}
	for _, spec := range []string{"bytes=100000-", "bytes=x", "bytes=9-5", "lines=1-2", "bytes=-", "0-9"} {
		a := d.call(t, http.MethodGet, target, nil, "Range", spec)
		a.checkFailure(t, http.StatusRequestedRangeNotSatisfiable, "UNKNOWN", spec)
		if a.header.Get("Content-Length") != strconv.Itoa(len(a.body)) || a.header.Get("Content-Disposition") != "" {
			t.Errorf("%s: headers of the file with the error: %v", spec, a.header)
		}
	}
}

func TestDownload_Conditions(t *testing.T) {
	t.Parallel()
	d := start(t)
	path := filepath.Join(d.dir, "file")
	all := string(randomFile(t, path, 1000))
	target := "/files/download" + pathQuery(path)
	head := d.ok(t, http.MethodHead, target, nil).header
	tag, date := head.Get("Etag"), head.Get("Last-Modified")
	for _, c := range []struct {
		status int
		body   string
		header []string
	}{
		{http.StatusNotModified, "", []string{"If-None-Match", tag}},
		{http.StatusNotModified, "", []string{"If-Modified-Since", date}},
		{http.StatusOK, all, []string{"If-None-Match", `"another"`}},
		{http.StatusOK, all, []string{"If-Match", tag}},
		{http.StatusPartialContent, all[5:], []string{"If-Range", tag, "Range", "bytes=5-"}},
		{http.StatusOK, all, []string{"If-Range", `"another"`, "Range", "bytes=5-"}},
		{http.StatusOK, all, []string{"If-Range", `"another"`, "Range", "bytes=5000-"}},
	} {
		if a := d.call(t, http.MethodGet, target, nil, c.header...); a.status != c.status || a.body != c.body {
			t.Errorf("%q: %d with %d bytes, want %d with %d", c.header, a.status, len(a.body), c.status, len(c.body))
		}
	}
	a := d.call(t, http.MethodGet, target, nil, "If-Match", `"another"`)
	a.checkFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED", "If-Match")
	if a.header.Get("Etag") != tag {
		t.Errorf("412 with ETag %q, want %q", a.header.Get("Etag"), tag)
	}
	randomFile(t, path, 1000)
	if got := d.ok(t, http.MethodHead, target, nil).header.Get("Etag"); got == tag {
		t.Errorf("another content of the same size has the same ETag %s", got)
	}
}

// TestDownload_Resumed: curl -C - gets the rest of the same bytes.
func TestDownload_Resumed(t *testing.T) {
	t.Parallel()
	d := start(t)
	path, got := filepath.Join(d.dir, "file"), filepath.Join(t.TempDir(), "got")
	all := randomFile(t, path, 5<<20)
	must(t, os.WriteFile(got, all[:1_234_567], 0o600))
	d.curl(t, "-f", "-C", "-", "-o", got, "http://D/files/download"+pathQuery(path))
	if b, err := os.ReadFile(got); err != nil || !bytes.Equal(b, all) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

// TestDownload_Made: files that the kernel makes while they are read tell no size, or a wrong one.
func TestDownload_Made(t *testing.T) {
	t.Parallel()
	d := start(t)
	for _, path := range []string{"/proc/version", "/proc/self/status", "/sys/kernel/mm/transparent_hugepage/enabled"} {
		want, err := os.ReadFile(path)
		if err != nil {
			t.Logf("%v: not looked at", err)
			continue
		}
		first, _, _ := strings.Cut(string(want), "\n")
		if strings.HasSuffix(path, "status") {
			first = "Name:"
		}
		for _, query := range []string{"", "&limit=1"} {
			if a := d.ok(t, http.MethodGet, "/files/download"+pathQuery(path)+query, nil); !strings.HasPrefix(a.body, first) {
				t.Errorf("%s%s: %q", path, query, a.body)
			}
		}
		d.ok(t, http.MethodHead, "/files/download"+pathQuery(path), nil)
	}
}

func TestDownload_Lines(t *testing.T) {
	t.Parallel()
	d := start(t)
	path := filepath.Join(d.dir, "file")
	must(t, os.WriteFile(path, []byte("one\ntwo\r\n\nfour"), 0o600))
	for query, want := range map[string]string{
		"&offset=1&limit=1": "one\n", "&offset=2&limit=2": "two\r\n\n", "&offset=4": "four", "&limit=2": "one\ntwo\r\n",
		"&offset=5": "", "&offset=3&limit=100": "\nfour", "&offset=9223372036854775807&limit=9223372036854775807": "",
	} {
		a := d.ok(t, http.MethodGet, "/files/download"+pathQuery(path)+query, nil)
		if a.body != want || !strings.HasPrefix(a.header.Get("Content-Type"), "text/plain") || a.header.Get("Etag") == "" {
			t.Errorf("%s: %q, %v, want %q", query, a.body, a.header, want)
		}
	}
	target := "/files/download" + pathQuery(path)
	for _, query := range []string{
		"&offset=0", "&offset=-1", "&offset=x", "&limit=0", "&limit=-1", "&limit=1.5", "&limit=9223372036854775808",
	} {
		d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodGet, target+query, nil)
	}
	d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodGet, target+"&limit=1", nil, "Range", "bytes=0-1")
}

func TestDownload_Refused(t *testing.T) {
	t.Parallel()
	d := start(t)
	pipe := filepath.Join(d.dir, "pipe")
	must(t, syscall.Mkfifo(pipe, 0o600))
	d.fails(t, http.StatusBadRequest, "MISSING_QUERY", http.MethodGet, "/files/download", nil)
	d.fails(t, http.StatusNotFound, "FILE_NOT_FOUND", http.MethodGet, "/files/download"+pathQuery(d.dir+"/none"), nil)
	for _, path := range []string{d.dir, pipe, "/dev/zero"} {
		f := d.fails(t, http.StatusBadRequest, "INVALID_FILE", http.MethodGet, "/files/download"+pathQuery(path), nil)
		if !strings.Contains(f.Message, path) {
			t.Errorf("the message does not name %s: %s", path, f.Message)
		}
	}
	if a := d.call(t, http.MethodHead, "/files/download"+pathQuery(d.dir+"/none"), nil); a.status != http.StatusNotFound || a.body != "" {
		t.Errorf("HEAD of nothing: %d %q", a.status, a.body)
	}
}
