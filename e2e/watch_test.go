package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// watched is a stream of what happens below a directory.
type watched struct {
	*stream
	root  string
	first string // what kind of event it begins with
}

// watch opens a stream of what happens below root, behind the event with that id, or from now on.
func (d *daemon) watch(tb testing.TB, root string, after int64) *watched {
	tb.Helper()
	if runtime.GOOS != "linux" {
		tb.Skip("files are watched with inotify(7), which is Linux's")
	}
	var h []string
	if after >= 0 {
		h = []string{"Last-Event-ID", strconv.FormatInt(after, 10)}
	}
	w := &watched{d.open(tb, http.MethodGet, "/files/watch"+pathQuery(root)+"&recursive=true", nil, h...), root, ""}
	w.after = anyEvent
	first, err := w.next()
	must(tb, err)
	w.first = first.Type
	return w
}

// until reads up to an event, as "created a/b", and returns all up to there but for what is told of times and modes.
func (w *watched) until(tb testing.TB, last string) []string {
	tb.Helper()
	var all []string
	for {
		e, err := w.next()
		if err != nil {
			tb.Fatalf("%q is not told: %v; told were %q", last, err, tail(fmt.Sprint(all), 2000))
		}
		var names struct{ Path, From string }
		must(tb, json.Unmarshal([]byte(e.Raw), &names))
		text := e.Type
		for _, name := range []string{names.From, names.Path} {
			if name != "" {
				text += " " + strings.TrimPrefix(strings.TrimPrefix(name, w.root), "/")
			}
		}
		if text == last {
			return append(all, text)
		}
		if e.Type != "chmod" {
			all = append(all, text)
		}
	}
}

func TestWatch_NewTree(t *testing.T) {
	t.Parallel()
	d := start(t)
	root := t.TempDir()
	w := d.watch(t, root, anyEvent)
	if w.first != "watching" {
		t.Errorf("it begins with %q", w.first)
	}
	for _, script := range []string{
		"mkdir -p a/b/c && touch a/b/c/f && mv a/b/c/f a/g && rm -r a/b && touch end", "rm -r a end && mkdir -p a/b/c && touch a/b/c/f end",
	} {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
		cmd.Dir = root
		must(t, cmd.Run())
	}
	told := w.until(t, "created end")
	told = append(told, w.until(t, "created end")...)
	for _, once := range []string{"created a", "created a/b", "created a/b/c", "created a/b/c/f"} {
		count := 0
		for _, text := range told {
			if text == once {
				count++
			}
		}
		if count != 2 {
			t.Errorf("%q is told %d times, want 2: %q", once, count, told)
		}
	}
	if d.tree(t).below("watches").Children == nil {
		t.Error("no actor watches")
	}
}

// tree is the supervision tree.
func (d *daemon) tree(tb testing.TB) node {
	tb.Helper()
	return get[node](tb, d, "/debug/actors")
}

// TestWatch_ComesBack: what happens while nobody reads is told to who comes back, exactly, however often it is cut.
func TestWatch_ComesBack(t *testing.T) {
	t.Parallel()
	d := start(t)
	root := t.TempDir()
	w := d.watch(t, root, anyEvent)
	const files = 300
	done := make(chan error, 1)
	go func() {
		for i := range files {
			if err := os.WriteFile(fmt.Sprintf("%s/f%d", root, i), nil, 0o600); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	next := 0
	for cuts := 0; next < files; cuts++ {
		for range 1 + cuts%40 {
			if next == files {
				break
			}
			got := w.until(t, fmt.Sprintf("created f%d", next))
			if len(got) != 1 {
				t.Fatalf("told were %q", got)
			}
			next++
		}
		after := w.after
		w.close()
		w = d.watch(t, root, after)
		if w.first != "watching" {
			t.Fatalf("after %d: %q", after, w.first)
		}
	}
	must(t, <-done)
	must(t, os.RemoveAll(root))
	w.until(t, "ended ")
	if _, err := w.next(); err == nil {
		t.Error("something follows the end")
	}
	a := d.call(t, http.MethodGet, "/files/watch"+pathQuery(root)+"&recursive=true", nil, "Last-Event-ID", strconv.FormatInt(w.after, 10))
	if a.status != http.StatusNoContent {
		t.Errorf("behind the end: %d %s", a.status, a.body)
	}
}

// TestWatch_ParentRenamed: the stream ends when what it watches is called otherwise, and can be begun by the new name.
func TestWatch_ParentRenamed(t *testing.T) {
	t.Parallel()
	d := start(t)
	dir := t.TempDir()
	must(t, os.MkdirAll(dir+"/a/b/root", 0o755))
	w := d.watch(t, dir+"/a/b/root", anyEvent)
	must(t, os.Rename(dir+"/a", dir+"/c"))
	if got := w.until(t, "ended "); !slices.Equal(got, []string{"removed ", "ended "}) {
		t.Errorf("%q", got)
	}
	if _, err := w.next(); err == nil {
		t.Error("something follows the end")
	}
	w = d.watch(t, dir+"/c/b/root", anyEvent)
	touchFile(t, dir+"/c/b/root/f")
	w.until(t, "created f")
}

// TestWatch_Missed: whoever cannot be told everything is told that, once.
func TestWatch_Missed(t *testing.T) {
	t.Parallel()
	dir, root := t.TempDir(), t.TempDir()
	d := startIn(t, dir, nil, "--log-memory", "64KiB", "--log-disk", "64KiB")
	w := d.watch(t, root, anyEvent)
	begin := w.after
	script := `i=0; while [ $i -lt 1500 ]; do : >"f$i"; i=$((i+1)); done; rm f*; touch end`
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	cmd.Dir = root
	must(t, cmd.Run())
	late := d.watch(t, root, begin)
	if late.first != "resync" {
		t.Errorf("it goes on with %q although the events are gone", late.first)
	}
	touchFile(t, root+"/more")
	if got := late.until(t, "created more"); slices.Contains(got, "resync ") {
		t.Errorf("told again: %q", got)
	}
	after := late.after
	w.close()
	late.close()
	d.stop(t)
	d = startIn(t, dir, nil)
	again := d.watch(t, root, after)
	if again.first != "resync" || again.after <= after {
		t.Errorf("another daemon goes on with %q at %d, behind %d", again.first, again.after, after)
	}
}

func touchFile(tb testing.TB, path string) {
	tb.Helper()
	writeFile(tb, path, "")
}

// TestWatch_Overflow: what the kernel has lost is said, and what comes then is told.
func TestWatch_Overflow(t *testing.T) {
	t.Parallel()
	d := start(t)
	root := t.TempDir()
	w := d.watch(t, root, anyEvent)
	text, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	must(t, err)
	most, err := strconv.Atoi(strings.TrimSpace(string(text)))
	must(t, err)
	if most > 1<<17 {
		t.Skipf("the kernel's queue has %d places, which takes too long to fill", most)
	}
	d.signal(t, syscall.SIGSTOP)
	eventually(t, "execd stands still", func() bool {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", d.pid))
		must(t, err)
		return !slices.ContainsFunc(threads, func(path string) bool {
			text, err := os.ReadFile(path)
			return err == nil && !strings.Contains(string(text), "State:\tT")
		})
	})
	names := [2]string{root + "/a", root + "/b"}
	must(t, os.MkdirAll(names[0], 0o755))
	for i := range most/2 + 100 { // two events each
		must(t, os.Rename(names[i%2], names[(i+1)%2]))
	}
	must(t, os.MkdirAll(root+"/new/dir", 0o755))
	d.signal(t, syscall.SIGCONT)
	w.until(t, "resync ")
	touchFile(t, root+"/new/dir/f")
	if got := w.until(t, "created new/dir/f"); len(got) != 1 {
		t.Errorf("behind the resync: %q", got)
	}
}

// TestWatch_SystemLimit: a system that allows no more is told of, and is no full disk.
func TestWatch_SystemLimit(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has namespaces of users")
	}
	limited := func(limit int) []string {
		return []string{"-Ur", "sh", "-c", fmt.Sprintf("echo %d >/proc/sys/user/max_inotify_watches && exec \"$@\"", limit), "sh"}
	}
	if err := exec.CommandContext(t.Context(), "unshare", append(limited(16), "true")...).Run(); err != nil {
		t.Skipf("this user may make no namespace of users with a limit: %v", err)
	}
	d := prepare(t, t.TempDir(), nil)
	unshare, err := exec.LookPath("unshare")
	must(t, err)
	d.cmd.Path, d.cmd.Args = unshare, append(append([]string{"unshare"}, limited(16)...), d.cmd.Args...)
	d.cmd.Args[len(limited(16))+1] = binary(t)
	d.launch(t)
	t.Cleanup(func() { d.stop(t) })
	wide, root := t.TempDir(), t.TempDir()
	for i := range 20 {
		must(t, os.Mkdir(fmt.Sprintf("%s/d%d", wide, i), 0o755))
	}
	f := d.fails(t, http.StatusTooManyRequests, "TOO_MANY_WATCHES", http.MethodGet, "/files/watch"+pathQuery(wide)+"&recursive=true", nil)
	if !strings.Contains(f.Message, wide) || !strings.Contains(f.Message, "max_user_watches") {
		t.Errorf("%s", f.Message)
	}
	w := d.watch(t, root, anyEvent)
	for i := range 20 {
		must(t, os.Mkdir(fmt.Sprintf("%s/d%d", root, i), 0o755))
	}
	w.until(t, "ended ")
}

// TestWatch_Poor: directories that execd may not read are left out; one that is to be watched is refused.
func TestWatch_Poor(t *testing.T) {
	t.Parallel()
	d := startAs(t, 65534)
	root := filepath.Join(d.dir, "files")
	must(t, os.MkdirAll(root+"/closed", 0o755))
	must(t, os.Chmod(root+"/closed", 0o700))
	d.fails(t, http.StatusForbidden, "PERMISSION_DENIED", http.MethodGet, "/files/watch"+pathQuery(root+"/closed"), nil)
	w := d.watch(t, root, anyEvent)
	touchFile(t, root+"/closed/unseen")
	touchFile(t, root+"/f")
	if got := w.until(t, "created f"); len(got) != 1 {
		t.Errorf("%q", got)
	}
	must(t, os.RemoveAll(root))
	w.until(t, "ended ")
}
