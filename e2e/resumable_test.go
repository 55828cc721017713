package e2e_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tusHeader is what every request of the protocol carries, and what is added for one.
func tusHeader(more ...string) []string { return append([]string{"Tus-Resumable", "1.0.0"}, more...) }

func metadata(pairs ...string) string {
	var list []string
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, pairs[i]+" "+base64.StdEncoding.EncodeToString([]byte(pairs[i+1])))
	}
	return strings.Join(list, ",")
}

// create begins an upload and returns its path.
func (d *daemon) create(tb testing.TB, size int, h ...string) string {
	tb.Helper()
	a := d.call(tb, http.MethodPost, "/files/uploads", nil, tusHeader(append(h, "Upload-Length", itoa(size))...)...)
	if a.status != http.StatusCreated || a.header.Get("Upload-Expires") == "" {
		tb.Fatalf("create: %d %s", a.status, a.body)
	}
	at, err := url.Parse(a.header.Get("Location"))
	must(tb, err)
	return at.Path
}

// patch sends a chunk.
func (d *daemon) patch(tb testing.TB, upload string, offset int, chunk string, h ...string) answer {
	tb.Helper()
	return d.call(tb, http.MethodPatch, upload, chunk,
		tusHeader(append(h, "Upload-Offset", itoa(offset), "Content-Type", "application/offset+octet-stream")...)...)
}

// offset is how much of an upload has come.
func (d *daemon) offset(tb testing.TB, upload string) string {
	tb.Helper()
	a := d.call(tb, http.MethodHead, upload, nil, tusHeader()...)
	if a.status != http.StatusOK {
		tb.Fatalf("head: %d", a.status)
	}
	return a.header.Get("Upload-Offset")
}

// An upload goes on where it was, also with another execd.
func TestResumable_AcrossRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := dir + "/new/ä.txt"
	d := startIn(t, dir, nil)
	upload := d.create(t, 10, "Upload-Metadata", metadata("path", path, "mode", "640"))
	if a := d.patch(t, upload, 0, "01234"); a.status != http.StatusNoContent || a.header.Get("Upload-Offset") != "5" {
		t.Fatalf("%d %v", a.status, a.header)
	}
	d.stop(t)
	d = startIn(t, dir, nil)
	if got := d.offset(t, upload); got != "5" {
		t.Errorf("after the restart it is at %s", got)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("half a file is in its place")
	}
	d.patch(t, upload, 3, "34567").checkFailure(t, http.StatusConflict, "UPLOAD_CONFLICT", "another offset")
	a := d.patch(t, upload, 5, "56789")
	if a.status != http.StatusNoContent || a.header.Get("Etag") == "" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	holds(t, path, "0123456789", 0o640)
	// A client that has not heard it asks, and must not begin again.
	if got := d.offset(t, upload); got != "10" {
		t.Errorf("after the end it is at %s", got)
	}
	if a := d.call(t, http.MethodDelete, upload, nil, tusHeader()...); a.status != http.StatusNoContent {
		t.Errorf("delete: %d %s", a.status, a.body)
	}
	d.call(t, http.MethodPatch, upload, "", tusHeader("Upload-Offset", "10", "Content-Type", "application/offset+octet-stream")...).
		checkFailure(t, http.StatusNotFound, "FILE_NOT_FOUND", "deleted")
	if left := filesIn(t, d.state+"/uploads-execd"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// TestResumable_KilledAtTheEnd: an upload that has come whole, and whose daemon was killed before it was put into its place,
// is not told as done; one that is in its place stays as it is.
func TestResumable_KilledAtTheEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, other := dir+"/file", dir+"/other"
	d := startIn(t, dir, nil)
	upload := d.create(t, 10, "Upload-Metadata", metadata("path", path))
	done := d.create(t, 3, "Upload-Metadata", metadata("path", other))
	d.patch(t, upload, 0, "01234")
	d.patch(t, done, 0, "xyz")
	d.kill(t)
	kept := filepath.Join(d.state, "uploads-execd", filepath.Base(upload))
	writeFile(t, kept, "0123456789")
	d = startIn(t, dir, nil)
	if a, b := d.offset(t, upload), d.offset(t, done); a != "9" || b != "3" {
		t.Errorf("after the restart they are at %s and %s", a, b)
	}
	if a := d.patch(t, upload, 9, "9"); a.status != http.StatusNoContent {
		t.Fatalf("%d %s", a.status, a.body)
	}
	holds(t, path, "0123456789", 0o755)
	holds(t, other, "xyz", 0o755)
}

func TestResumable_Checksum(t *testing.T) {
	t.Parallel()
	d := start(t)
	path := t.TempDir() + "/f"
	upload := d.create(t, 8, "Upload-Metadata", metadata("path", path))
	sum := func(text string) string {
		s := sha1.Sum([]byte(text))
		return "sha1 " + base64.StdEncoding.EncodeToString(s[:])
	}
	d.patch(t, upload, 0, "good", "Upload-Checksum", sum("evil")).checkFailure(t, 460, "CHECKSUM_MISMATCH", "another checksum")
	for _, wrong := range []string{"sha1", "sha1 ?", "crc32 AAAA", "sha1 "} {
		d.patch(t, upload, 0, "good", "Upload-Checksum", wrong).checkFailure(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", wrong)
	}
	if got := d.offset(t, upload); got != "0" {
		t.Errorf("a refused chunk has moved the offset to %s", got)
	}
	for offset, text := range map[int]string{0: "good"} {
		if a := d.patch(t, upload, offset, text, "Upload-Checksum", sum(text)); a.status != http.StatusNoContent {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	d.patch(t, upload, 4, "text", "Upload-Checksum", sum("text"))
	holds(t, path, "goodtext", 0o755)
}

func TestResumable_Parts(t *testing.T) {
	t.Parallel()
	d := start(t)
	path := t.TempDir() + "/f"
	var parts []string
	for _, text := range []string{"one ", "two"} {
		upload := d.create(t, len(text), "Upload-Concat", "partial")
		d.patch(t, upload, 0, text)
		parts = append(parts, upload)
	}
	a := d.call(t, http.MethodPost, "/files/uploads", nil,
		tusHeader("Upload-Concat", "final;"+strings.Join(parts, " "), "Upload-Metadata", metadata("path", path))...)
	if a.status != http.StatusCreated {
		t.Fatalf("%d %s", a.status, a.body)
	}
	holds(t, path, "one two", 0o755)
}

// What could not be put into its place is refused before it is sent, and what cannot be in the end can be tried again.
func TestResumable_Refused(t *testing.T) {
	t.Parallel()
	d := start(t)
	dir := t.TempDir()
	for code, h := range map[string][]string{
		"INVALID_FILE_METADATA": {"Upload-Length", "1"},
		"INVALID_FILE":          {"Upload-Length", "1", "Upload-Metadata", metadata("path", dir)},
		"INVALID_REQUEST_BODY":  {"Upload-Length", "1", "Upload-Metadata", metadata("path", dir+"/f", "mode", "999")},
	} {
		d.call(t, http.MethodPost, "/files/uploads", nil, tusHeader(h...)...).checkFailure(t, http.StatusBadRequest, code, code)
	}
	d.call(t, http.MethodPost, "/files/uploads", nil, tusHeader("Upload-Metadata", metadata("path", dir+"/f"))...).
		checkFailure(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", "no length")
	d.call(t, http.MethodPost, "/files/uploads", nil, "Upload-Length", "1").
		checkFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED", "no version")
	writeFile(t, dir+"/x.info", "{}")
	for _, id := range []string{"nobody", "..%2F..%2F" + strings.ReplaceAll(dir[1:], "/", "%2F") + "%2Fx", strings.Repeat("0", 32)} {
		d.patch(t, "/files/uploads/"+id, 0, "x").checkFailure(t, http.StatusNotFound, "FILE_NOT_FOUND", id)
		d.call(t, http.MethodPost, "/files/uploads", nil, tusHeader("Upload-Concat", "final;/files/uploads/"+id)...).
			checkFailure(t, http.StatusNotFound, "FILE_NOT_FOUND", id)
	}
	upload := d.create(t, 4, "Upload-Metadata", metadata("path", dir+"/late"))
	must(t, os.Mkdir(dir+"/late", 0o755))
	d.patch(t, upload, 0, "text").checkFailure(t, http.StatusBadRequest, "INVALID_FILE", "a directory has come")
	must(t, os.Remove(dir+"/late"))
	if a := d.patch(t, upload, 3, "t"); a.status != http.StatusNoContent {
		t.Errorf("%d %s", a.status, a.body)
	}
	holds(t, dir+"/late", "text", 0o755)
}

// TestResumable_Client has the client of the tus project upload 256 MiB through a connection that is cut ten times, to
// an execd that is killed halfway and started again.
func TestResumable_Client(t *testing.T) {
	t.Parallel()
	clients := clientsDir(t)
	dir := t.TempDir()
	d := startIn(t, dir, nil)
	const size, cuts = 256 << 20, 10
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{3}).Read(data) // never fails
	must(t, os.WriteFile(dir+"/source", data, 0o600))
	proxy := newCutProxy(t, d.addr, cuts, 20<<20)
	cmd := exec.CommandContext(t.Context(), "node", "testdata/tus.cjs", clients, proxy.url()+"/files/uploads", dir+"/source", dir+"/copy")
	var problems bytes.Buffer
	cmd.Stderr = &problems
	var out bytes.Buffer
	cmd.Stdout = &out
	must(t, cmd.Start())
	eventually(t, "half of the cuts", func() bool { return proxy.left.Load() <= cuts/2 })
	proxy.exchange(func() string {
		d.kill(t)
		mine, err := filepath.Glob(d.state + "/execd-*")
		must(t, err)
		for _, dir := range mine { // what was its own; the uploads are not
			must(t, os.RemoveAll(dir))
		}
		d = startIn(t, dir, nil)
		return d.addr
	})
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, problems.String())
	}
	var done struct{ Retries int }
	must(t, json.Unmarshal(out.Bytes(), &done))
	if done.Retries < cuts {
		t.Errorf("it was cut %d times only", done.Retries)
	}
	got, err := os.ReadFile(dir + "/copy")
	must(t, err)
	if !bytes.Equal(got, data) {
		t.Errorf("%d bytes came, want %d, or they differ", len(got), size)
	}
	if info := d.info(t, dir+"/copy"); info.Mode != 640 {
		t.Errorf("%+v", info)
	}
}

// The IETF's draft of the same: the path is in the query, and an interim response tells where to go on.
func TestResumable_Draft(t *testing.T) {
	t.Parallel()
	d := start(t)
	path := t.TempDir() + "/f"
	version := []string{"Upload-Draft-Interop-Version", "6"}
	a := d.call(t, http.MethodPost, "/files/uploads"+pathQuery(path)+"&mode=600", "first ", append(version, "Upload-Complete", "?0")...)
	if a.status != http.StatusCreated || a.header.Get("Location") == "" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	at, err := url.Parse(a.header.Get("Location"))
	must(t, err)
	a = d.call(t, http.MethodHead, at.Path, nil, version...)
	if a.header.Get("Upload-Offset") != "6" || a.header.Get("Upload-Complete") != "?0" {
		t.Errorf("%d %v", a.status, a.header)
	}
	a = d.call(t, http.MethodPatch, at.Path, "second",
		append(version, "Upload-Offset", "6", "Upload-Complete", "?1", "Content-Type", "application/partial-upload")...)
	if a.status/100 != 2 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	holds(t, path, "first second", 0o600)
}

func TestResumable_Options(t *testing.T) {
	t.Parallel()
	d := start(t)
	a := d.call(t, http.MethodOptions, "/files/uploads", nil)
	for name, want := range map[string]string{
		"Tus-Version": "1.0.0", "Tus-Extension": "checksum", "Tus-Checksum-Algorithm": "sha1", "Tus-Max-Size": fmt.Sprint(1 << 40),
	} {
		if !strings.Contains(a.header.Get(name), want) {
			t.Errorf("%s: %s, want %s", name, a.header.Get(name), want)
		}
	}
}
