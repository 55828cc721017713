package e2e_test

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestPut_Cut: a client that leaves in the middle changes nothing and leaves nothing behind, with PUT and with a form.
func TestPut_Cut(t *testing.T) {
	t.Parallel()
	d := start(t)
	dir := filepath.Join(d.dir, "files")
	must(t, os.Mkdir(dir, 0o755))
	path := filepath.Join(dir, "file")
	must(t, os.WriteFile(path, []byte("old"), 0o600))
	body, kind := form(t, metadataPart(`{"path":%q}`, dir+"/new/first"), filePart("1"), metadataPart(`{"path":%q}`, path), filePart("2"))
	body, _, _ = strings.Cut(body, "\r\n2\r\n")
	waiting, waitingKind := form(t, filePart("1"), metadataPart(`{"path":%q}`, path))
	waiting, _, _ = strings.Cut(waiting, "\r\n1\r\n")
	const post = "POST /files/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\nContent-Type: "
	for name, request := range map[string]string{
		"PUT": "PUT /files/upload" + pathQuery(path) + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n",
		"PUT of chunks": "PUT /files/upload" + pathQuery(dir+"/new/put") +
			" HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5000000\r\n",
		"POST":           post + kind + "\r\n\r\n" + body + "\r\n",
		"POST to nobody": post + waitingKind + "\r\n\r\n" + waiting + "\r\n",
	} {
		c, err := net.Dial("tcp", d.addr)
		must(t, err)
		_, err = io.WriteString(c, request+strings.Repeat("x", 1<<20))
		must(t, err)
		before := strings.Count(d.log(t), `"status":400`)
		must(t, c.Close())
		eventually(t, name+": the daemon notices", func() bool { return strings.Count(d.log(t), `"status":400`) > before })
		holds(t, path, "old", 0o600)
		if left := filesIn(t, dir); len(left) != 1 {
			t.Errorf("%s: left behind: %v", name, left)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
			t.Errorf("%s: left behind: %v, %v", name, entries, err)
		}
	}
}

// TestPut_Killed: not even a daemon that is killed in the middle of an upload leaves anything behind.
func TestPut_Killed(t *testing.T) {
	t.Parallel()
	d := start(t)
	dir := filepath.Join(d.dir, "files")
	must(t, os.Mkdir(dir, 0o755))
	must(t, os.WriteFile(dir+"/file", []byte("old"), 0o600))
	c, err := net.Dial("tcp", d.addr)
	must(t, err)
	defer c.Close()
	// The answer 100 says that the handler reads, which it does once it has a file to write to.
	_, err = io.WriteString(c, "PUT /files/upload"+pathQuery(dir+"/file")+
		" HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n")
	must(t, err)
	answer := make([]byte, len("HTTP/1.1 100"))
	_, err = io.ReadFull(c, answer)
	must(t, err)
	_, err = io.WriteString(c, strings.Repeat("x", 1<<20))
	must(t, err)
	d.kill(t)
	if left := filesIn(t, dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	holds(t, dir+"/file", "old", 0o600)
}

// TestPut_DiskFull: what does not fit is refused with 507; the old file and the space are still there.
func TestPut_DiskFull(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, 4<<20)
	d := start(t)
	path := filepath.Join(disk, "file")
	old := string(randomFile(t, path, 1<<20))
	big := strings.Repeat("x", 16<<20)
	for range 3 {
		d.fails(t, http.StatusInsufficientStorage, "NO_SPACE", http.MethodPut, "/files/upload"+pathQuery(path), big)
		d.fails(t, http.StatusInsufficientStorage, "NO_SPACE", http.MethodPut, "/files/upload"+pathQuery(disk+"/new/dir/file"), big)
		body, kind := form(t, metadataPart(`{"path":%q}`, disk+"/small"), filePart("small"), metadataPart(`{"path":%q}`, path), filePart(big))
		a := d.call(t, http.MethodPost, "/files/upload", body, "Content-Type", kind)
		a.checkFailure(t, http.StatusInsufficientStorage, "NO_SPACE", "a form of which one does not fit")
		holds(t, path, old, 0o600)
		if entries, err := os.ReadDir(disk); err != nil || len(entries) != 1 {
			t.Errorf("left behind: %v, %v", entries, err)
		}
	}
	d.ok(t, http.MethodPut, "/files/upload"+pathQuery(path), big[:2<<20])
	holds(t, path, big[:2<<20], 0o600)
}

// smallDisk mounts a filesystem of so many bytes, where that is allowed.
func smallDisk(tb testing.TB, size int) string {
	tb.Helper()
	dir := tb.TempDir()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+strconv.Itoa(size))
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		tb.Skipf("this user may not mount a small disk: %v", err)
	}
	must(tb, err)
	tb.Cleanup(func() { must(tb, syscall.Unmount(dir, syscall.MNT_DETACH)) })
	return dir
}

// TestPut_MountedFile: a file that is mounted by itself cannot be replaced, and is written all the same.
func TestPut_MountedFile(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, 1<<20)
	d := start(t)
	below, path := filepath.Join(disk, "below"), filepath.Join(disk, "file")
	must(t, os.WriteFile(below, []byte("old and longer"), 0o600))
	must(t, os.WriteFile(path, nil, 0o600))
	must(t, syscall.Mount(below, path, "", syscall.MS_BIND, ""))
	defer func() { must(t, syscall.Unmount(path, 0)) }()
	d.ok(t, http.MethodPut, "/files/upload"+pathQuery(path), "new")
	holds(t, path, "new", 0o600)
	holds(t, below, "new", 0o600)
	if entries, err := os.ReadDir(disk); err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// TestUpload_Limit: the limit holds for what is announced and for what is not.
func TestUpload_Limit(t *testing.T) {
	t.Parallel()
	d := start(t, "--max-upload", "1MiB")
	path := filepath.Join(d.dir, "file")
	d.ok(t, http.MethodPut, "/files/upload"+pathQuery(path), strings.Repeat("x", 1<<20))
	long := strings.Repeat("y", 1<<20+1)
	body, kind := form(t, metadataPart(`{"path":%q}`, path), filePart(long))
	early, earlyKind := form(t, filePart(long), metadataPart(`{"path":%q}`, path))
	const tooLarge = http.StatusRequestEntityTooLarge
	target := "/files/upload" + pathQuery(path)
	for range 2 {
		d.fails(t, tooLarge, "BODY_TOO_LARGE", http.MethodPut, target, long)
		d.fails(t, tooLarge, "BODY_TOO_LARGE", http.MethodPut, target, unannounced{strings.NewReader(long)})
		for _, f := range [][2]string{{body, kind}, {early, earlyKind}} {
			a := d.call(t, http.MethodPost, "/files/upload", unannounced{strings.NewReader(f[0])}, "Content-Type", f[1])
			a.checkFailure(t, tooLarge, "BODY_TOO_LARGE", "POST")
		}
	}
	holds(t, path, strings.Repeat("x", 1<<20), 0o755)
	if entries, err := os.ReadDir(d.dir); err != nil || len(entries) != 4 { // file, log, state, tmp
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// unannounced is a body whose length nobody knows: it is sent in chunks.
type unannounced struct{ io.Reader }

// TestTransfer_OldOrNew: whoever downloads while others upload gets one whole file, and its own ETag with it.
func TestTransfer_OldOrNew(t *testing.T) {
	t.Parallel()
	d := start(t)
	path := filepath.Join(d.dir, "file")
	target := pathQuery(path)
	contents := []string{strings.Repeat("a", 300_000), strings.Repeat("b", 200_000)}
	byTag := map[string]string{}
	byTag[d.ok(t, http.MethodPut, "/files/upload"+target, contents[0]).header.Get("Etag")] = contents[0]
	type read struct{ tag, body string }
	reads, stop := make(chan []read), make(chan struct{})
	go func() {
		var all []read
		defer func() { reads <- all }()
		for {
			a := d.call(t, http.MethodGet, "/files/download"+target, nil)
			all = append(all, read{a.header.Get("Etag"), a.body})
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	for i := range 40 {
		content := contents[(i+1)%2]
		byTag[d.ok(t, http.MethodPut, "/files/upload"+target, content).header.Get("Etag")] = content
	}
	close(stop)
	known := 0
	for _, r := range <-reads {
		// One that is replaced between open and fstat has changed by that: its ETag is no longer that of the write.
		want, ok := byTag[r.tag]
		if ok && want != r.body || !slices.Contains(contents, r.body) {
			t.Errorf("ETag %s with %d bytes, %d of them b; written: %t", r.tag, len(r.body), strings.Count(r.body, "b"), ok)
		}
		if ok {
			known++
		}
	}
	if known == 0 {
		t.Error("no download has an ETag that an upload was told")
	}
}

// TestMove_MountPoint: what is mounted somewhere cannot be moved or removed, and that is not the daemon's fault.
func TestMove_MountPoint(t *testing.T) {
	t.Parallel()
	disk := smallDisk(t, 1<<20)
	d := start(t)
	path := filepath.Join(disk, "file")
	must(t, os.WriteFile(path, []byte("text"), 0o600))
	for _, to := range []string{disk + "-moved", filepath.Join(d.dir, "moved")} {
		d.fails(t, http.StatusBadRequest, "INVALID_FILE", http.MethodPost, "/files/mv", []object{{"src": disk, "dest": to}})
		if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is there: %v", to, err)
		}
	}
	holds(t, path, "text", 0o600)
	d.fails(t, http.StatusBadRequest, "INVALID_FILE", http.MethodDelete, "/directories"+pathQuery(disk), nil)
}
