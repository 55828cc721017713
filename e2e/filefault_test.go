package e2e_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// tarOf is an archive of files, each given as its name and its content.
func tarOf(tb testing.TB, files ...string) string {
	tb.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		must(tb, w.WriteHeader(&tar.Header{Name: files[i], Mode: 0o640, Size: int64(len(files[i+1]))}))
		_, err := io.WriteString(w, files[i+1])
		must(tb, err)
	}
	must(tb, w.Close())
	return b.String()
}

// only checks that there is nothing in a directory but what is named.
func only(tb testing.TB, dir string, names ...string) {
	tb.Helper()
	entries, err := os.ReadDir(dir)
	must(tb, err)
	got := make([]string, len(entries))
	for i, e := range entries {
		got[i] = e.Name()
	}
	if strings.Join(got, " ") != strings.Join(names, " ") {
		tb.Errorf("there are %q in %s, want %q", got, dir, names)
	}
}

// TestReplace_DiskFull: what does not fit changes no file of the request.
func TestReplace_DiskFull(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, 4<<20)
	d := start(t)
	small, big := filepath.Join(disk, "a"), filepath.Join(disk, "b")
	writeFile(t, small, "x")
	writeFile(t, big, strings.Repeat("x", 1<<20))
	for range 2 {
		d.fails(t, http.StatusInsufficientStorage, "NO_SPACE", http.MethodPost, "/files/replace",
			object{small: object{"old": "x", "new": "y"}, big: object{"old": "x", "new": "xxxx"}})
		holds(t, small, "x", 0o644)
		holds(t, big, strings.Repeat("x", 1<<20), 0o644)
		only(t, disk, "a", "b")
	}
}

// TestExtract_DiskFull: what fits is there, what does not is as it was.
func TestExtract_DiskFull(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, 4<<20)
	d := start(t)
	writeFile(t, disk+"/b", "old")
	d.fails(t, http.StatusInsufficientStorage, "NO_SPACE", http.MethodPost, "/files/extract"+pathQuery(disk),
		tarOf(t, "a", "new", "b", strings.Repeat("x", 8<<20), "c", "never"))
	holds(t, disk+"/a", "new", 0o640)
	holds(t, disk+"/b", "old", 0o644)
	only(t, disk, "a", "b")
}

// halfway sends the first part of a request, and returns once its handler reads.
func (d *daemon) halfway(tb testing.TB, method, target, body string, h ...string) net.Conn {
	tb.Helper()
	c, err := net.Dial("tcp", d.addr)
	must(tb, err)
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: %d\r\n", method, target, len(body)+1<<20)
	for i := 0; i < len(h); i += 2 {
		head += h[i] + ": " + h[i+1] + "\r\n"
	}
	_, err = io.WriteString(c, head+"\r\n")
	must(tb, err)
	answer := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))
	_, err = io.ReadFull(c, answer)
	must(tb, err)
	_, err = io.WriteString(c, body)
	must(tb, err)
	return c
}

// TestExtract_Broken: neither a client that leaves nor a daemon that is killed leaves half a file.
func TestExtract_Broken(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testing.T, *daemon, net.Conn){
		"cut": func(t *testing.T, d *daemon, c net.Conn) {
			t.Helper()
			must(t, c.Close())
			eventually(t, "the daemon notices", func() bool { return strings.Contains(d.log(t), `"status":400`) })
		},
		"killed": func(t *testing.T, d *daemon, c net.Conn) {
			t.Helper()
			d.kill(t)
			_ = c.Close() // it is gone
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := start(t)
			dir := filepath.Join(d.dir, "files")
			must(t, os.Mkdir(dir, 0o755))
			writeFile(t, dir+"/b", "old")
			body := tarOf(t, "a", strings.Repeat("x", 1<<20), "b", strings.Repeat("y", 4<<20))
			c := d.halfway(t, http.MethodPost, "/files/extract"+pathQuery(dir), body[:3<<20])
			eventually(t, "the first file", func() bool {
				info, err := os.Stat(dir + "/a")
				return err == nil && info.Size() == 1<<20
			})
			end(t, d, c)
			holds(t, dir+"/b", "old", 0o644)
			only(t, dir, "a", "b")
		})
	}
}

// TestMove_DiskFull: what does not fit elsewhere stays where it is.
func TestMove_DiskFull(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, 2<<20)
	d := start(t)
	dir := t.TempDir()
	must(t, os.Mkdir(dir+"/from", 0o755))
	writeFile(t, dir+"/from/a", "small")
	writeFile(t, dir+"/from/b", strings.Repeat("x", 8<<20))
	d.fails(t, http.StatusInsufficientStorage, "NO_SPACE", http.MethodPost, "/files/mv",
		[]object{{"src": dir + "/from/a", "dest": disk + "/a"}, {"src": dir + "/from", "dest": disk + "/to"}})
	holds(t, dir+"/from/a", "small", 0o644)
	holds(t, dir+"/from/b", strings.Repeat("x", 8<<20), 0o644)
	only(t, disk)
}

// TestResumable_DiskFull: an upload goes on where it was once there is space again, in the state directory and at its
// place.
func TestResumable_DiskFull(t *testing.T) {
	t.Parallel()
	state, disk := smallDisk(t, 4<<20), smallDisk(t, 4<<20)
	d := start(t, "--state-dir", state)
	must(t, os.WriteFile(state+"/other", make([]byte, 2<<20), 0o600))
	must(t, os.WriteFile(disk+"/other", make([]byte, 2<<20), 0o600))
	text := strings.Repeat("0123456789abcdef", 3<<20/16)
	upload := d.create(t, len(text), "Upload-Metadata", metadata("path", disk+"/file"))
	d.patch(t, upload, 0, text).checkFailure(t, http.StatusInsufficientStorage, "NO_SPACE", "the state directory is full")
	must(t, os.Remove(state+"/other"))
	at, err := strconv.Atoi(d.offset(t, upload))
	must(t, err)
	d.patch(t, upload, at, text[at:]).checkFailure(t, http.StatusInsufficientStorage, "NO_SPACE", "there is no space at its place")
	only(t, disk, "other")
	must(t, os.Remove(disk+"/other"))
	at, err = strconv.Atoi(d.offset(t, upload))
	must(t, err)
	if a := d.patch(t, upload, at, text[at:]); a.status != http.StatusNoContent {
		t.Fatalf("%d %s", a.status, a.body)
	}
	holds(t, disk+"/file", text, 0o755)
	only(t, disk, "file")
	if a := d.call(t, http.MethodDelete, upload, nil, tusHeader()...); a.status != http.StatusNoContent {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestFiles_Race: of all who would change one version, in whatever way, exactly one does.
func TestFiles_Race(t *testing.T) {
	t.Parallel()
	d := start(t)
	dir := t.TempDir()
	path := dir + "/file"
	for round := range 10 {
		writeFile(t, path, "base")
		tag := d.info(t, path).ETag
		var won atomic.Int32
		var all sync.WaitGroup
		for i := range 32 {
			all.Go(func() {
				other := fmt.Sprintf("%s/other%d-%d", dir, round, i)
				var a answer
				switch i % 5 {
				case 0:
					a = d.call(t, http.MethodPut, "/files/upload"+pathQuery(path), "put", "If-Match", tag)
				case 1:
					body, kind := form(t, metadataPart(`{"path":%q}`, path), filePart("form"))
					a = d.call(t, http.MethodPost, "/files/upload", body, "Content-Type", kind, "If-Match", tag)
				case 2:
					a = d.call(t, http.MethodPost, "/files/replace", object{path: object{"old": "base", "new": "new"}}, "If-Match", tag)
				case 3:
					a = d.call(t, http.MethodDelete, "/files"+pathQuery(path), nil, "If-Match", tag)
				default:
					a = d.call(t, http.MethodPost, "/files/mv", []object{{"src": path, "dest": other}}, "If-Match", tag)
				}
				switch a.status {
				case http.StatusOK:
					won.Add(1)
				case http.StatusPreconditionFailed:
				default:
					t.Errorf("%d: %d %s", i%5, a.status, a.body)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Fatalf("round %d: %d have changed the same version", round, won.Load())
		}
	}
}
