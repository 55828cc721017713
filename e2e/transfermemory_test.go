package e2e_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// transferGrowth is how much more memory a transfer of any size may need.
const transferGrowth = 16 << 20

// TestTransfer_Memory: neither an upload nor a download is held in memory.
func TestTransfer_Memory(t *testing.T) {
	t.Parallel()
	const size = 256 << 20
	d := start(t)
	path := filepath.Join(d.dir, "file")
	small := strings.Repeat("x", 1<<20)
	d.ok(t, http.MethodPut, "/files/upload"+pathQuery(path), small) // whatever is made once
	d.ok(t, http.MethodGet, "/files/download"+pathQuery(path), nil)
	before := d.peakMemory(t)
	head, _ := form(t, metadataPart(`{"path":%q}`, path))
	boundary, _, _ := strings.Cut(head, "\r\n")
	head = strings.TrimSuffix(head, boundary+"--\r\n") + boundary + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n"
	late := boundary + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n"
	metadata := "\r\n" + boundary + "\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n" + fmt.Sprintf(`{"path":%q}`, path)
	end := "\r\n" + boundary + "--\r\n"
	kind := "multipart/form-data; boundary=" + strings.TrimPrefix(boundary, "--")
	for name, body := range map[string]io.Reader{
		"PUT":        pattern(size),
		"POST":       io.MultiReader(strings.NewReader(head), pattern(size), strings.NewReader(end)),
		"file first": io.MultiReader(strings.NewReader(late), pattern(size), strings.NewReader(metadata+end)),
	} {
		method := http.MethodPost
		if name == "PUT" {
			method = http.MethodPut
		}
		d.ok(t, method, "/files/upload"+pathQuery(path), body, "Content-Type", kind)
		if got, want := d.digest(t, "/files/download"+pathQuery(path)), digestOf(t, pattern(size)); got != want {
			t.Errorf("%s: other bytes come back", name)
		}
		if grown := d.peakMemory(t) - before; grown >= transferGrowth {
			t.Errorf("%s of %d MiB and the download: %d KiB more memory", name, size>>20, grown>>10)
		}
	}
	d.digest(t, "/files/download"+pathQuery(path)+"&offset=2&limit=1000000")
	if grown := d.peakMemory(t) - before; grown >= transferGrowth {
		t.Errorf("reading lines: %d KiB more memory", grown>>10)
	}
}

// pattern is so many bytes, the same each time.
func pattern(size int64) io.Reader {
	return io.LimitReader(&repeated{text: bytes.Repeat([]byte("0123456789abcde\n"), 4096+1)}, size)
}

// repeated is a text over and over.
type repeated struct {
	text []byte
	at   int
}

func (r *repeated) Read(p []byte) (int, error) {
	n := copy(p, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	return n, nil
}

func digestOf(tb testing.TB, r io.Reader) string {
	tb.Helper()
	sum := sha256.New()
	_, err := io.Copy(sum, r)
	must(tb, err)
	return string(sum.Sum(nil))
}

// digest is that of an answer's body.
func (d *daemon) digest(tb testing.TB, target string) string {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := d.send(ctx, http.MethodGet, target, nil)
	must(tb, err)
	defer r.Body.Close()
	return digestOf(tb, r.Body)
}

// peakMemory is the most that the daemon has had in memory (proc(5), VmHWM).
func (d *daemon) peakMemory(tb testing.TB) int64 {
	tb.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.pid))
	must(tb, err)
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			must(tb, err)
			return kib << 10
		}
	}
	tb.Skipf("this system does not tell the peak: %s", text)
	return 0
}
