package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// drafts are the files and directories below a directory that are not in their places yet.
func drafts(tb testing.TB, dirs ...string) (found []string) {
	tb.Helper()
	for _, dir := range dirs {
		for _, path := range filesIn(tb, dir) {
			if strings.HasPrefix(filepath.Base(path), ".execd-draft-") {
				found = append(found, path)
			}
		}
	}
	return found
}

// next starts the daemon that follows one that was killed, and waits until that has left nothing behind in the directories.
func (d *daemon) next(t *testing.T, dirs ...string) *daemon {
	t.Helper()
	next := startIn(t, d.dir, nil)
	eventually(t, "nothing is left behind", func() bool { return len(drafts(t, dirs...)) == 0 })
	eventually(t, "its state is gone", func() bool { return len(stateDirs(t, d.state)) == 1 })
	return next
}

// killIn sends a request, and kills the daemon when it has begun to write. It returns what is left behind.
func (d *daemon) killIn(t *testing.T, target string, body any, dirs ...string) []string {
	t.Helper()
	over := make(chan struct{})
	go func() {
		defer close(over)
		if resp, err := d.send(t.Context(), http.MethodPost, target, body); err == nil {
			_ = resp.Body.Close() // it was faster
		}
	}()
	eventually(t, "it writes", func() bool {
		select {
		case <-over:
			return true
		default:
			return len(drafts(t, dirs...)) > 0
		}
	})
	d.kill(t)
	<-over
	return drafts(t, dirs...)
}

// TestUpload_Killed: the files of a form that wait for the last of it are gone with the next daemon, however soon that comes;
// what nobody knows to be execd's stays.
func TestUpload_Killed(t *testing.T) {
	t.Parallel()
	d := start(t)
	dir := filepath.Join(d.dir, "files")
	must(t, os.Mkdir(dir, 0o755))
	writeFile(t, dir+"/a", "old")
	const foreign = ".execd-draft-0123456789abcdef"
	writeFile(t, dir+"/"+foreign, "somebody's")
	body, kind := form(t, metadataPart(`{"path":%q}`, dir+"/a"), filePart("new"), metadataPart(`{"path":%q}`, dir+"/b/c"), filePart("begin"))
	body, _, _ = strings.Cut(body, "begin")
	c := d.halfway(t, http.MethodPost, "/files/upload", body+"begin", "Content-Type", kind)
	defer c.Close()
	eventually(t, "the first file waits", func() bool { return len(drafts(t, dir)) == 2 })
	d.kill(t)
	left := drafts(t, dir)
	if len(left) != 2 {
		t.Fatalf("left behind are %q", left)
	}
	next := startIn(t, d.dir, nil)
	eventually(t, "nothing is left behind", func() bool { return len(drafts(t, dir)) == 1 })
	only(t, dir, foreign, "a")
	holds(t, dir+"/a", "old", 0o644)
	eventually(t, "it is logged", func() bool { return strings.Contains(next.log(t), "had not finished") })
	if n := len(stateDirs(t, d.state)); n != 1 {
		t.Errorf("there are %d directories in that of states", n)
	}
}

// TestReplace_Killed: of each file there is the old content or the new one, and nothing else.
func TestReplace_Killed(t *testing.T) {
	t.Parallel()
	const files, rounds = 200, 10
	d := start(t)
	dir := filepath.Join(d.dir, "files")
	must(t, os.Mkdir(dir, 0o755))
	asked := object{}
	for i := range files {
		path := fmt.Sprintf("%s/f%d", dir, i)
		writeFile(t, path, "old")
		asked[path] = object{"old": "old", "new": "new"}
	}
	for round := 0; ; round++ {
		left := d.killIn(t, "/files/replace", asked, dir)
		d = d.next(t, dir)
		for path := range asked {
			if text, err := os.ReadFile(path); err != nil || !slices.Contains([]string{"old", "new"}, string(text)) {
				t.Errorf("%s: %q, %v", path, text, err)
			}
			writeFile(t, path, "old")
		}
		if len(left) > 0 {
			return
		}
		if round == rounds {
			t.Skip("this machine writes faster than it can be watched")
		}
	}
}

// TestMove_Killed: between filesystems there is always one that has all of the tree, by its name, and nothing else is left.
func TestMove_Killed(t *testing.T) {
	t.Parallel()
	const files, rounds = 300, 10
	other, err := os.MkdirTemp("/dev/shm", "execd-e2e-") //nolint:usetesting // it has to be there
	if err != nil {
		t.Skipf("there is no other filesystem: %v", err)
	}
	t.Cleanup(func() { must(t, os.RemoveAll(other)) })
	d := start(t)
	dir := filepath.Join(d.dir, "files")
	must(t, os.Mkdir(dir, 0o755))
	writeFile(t, other+"/probe", "")
	if os.Rename(other+"/probe", dir+"/probe") == nil {
		t.Skip("/dev/shm is no other filesystem")
	}
	must(t, os.Remove(other+"/probe"))
	for round := 0; ; round++ {
		from, to := fmt.Sprintf("%s/from%d", other, round), fmt.Sprintf("%s/to%d", dir, round)
		must(t, os.MkdirAll(from+"/closed", 0o755))
		for i := range files {
			writeFile(t, fmt.Sprintf("%s/closed/f%d", from, i), "text")
		}
		must(t, os.Chmod(from+"/closed", 0o555))
		left := d.killIn(t, "/files/mv", []object{{"src": from, "dest": to}}, dir)
		d = d.next(t, dir, other)
		_, missing := os.Stat(to)
		whole := from
		if missing == nil {
			whole = to
		} else {
			only(t, dir)
		}
		if got := len(filesIn(t, whole)); got != files+1 {
			t.Errorf("there are %d entries in %s, want %d", got, whole, files+1)
		}
		must(t, os.RemoveAll(to))
		if len(left) > 0 && missing != nil {
			return
		}
		if round == rounds {
			t.Skip("this machine writes faster than it can be watched")
		}
	}
}
