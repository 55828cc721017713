package fsops_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"execd/fsops"
)

// observed is a watch of a test.
type observed struct {
	t       *testing.T
	root    string
	changes chan fsops.Change
	end     chan error
	cancel  context.CancelFunc
}

// watch begins a watch, which ends with the test.
func watch(t *testing.T, w fsops.Watch) *observed {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	o := &observed{t, w.Root, make(chan fsops.Change, 1<<16), make(chan error, 1), cancel}
	ready := make(chan struct{})
	go func() { o.end <- w.Run(ctx, func() { close(ready) }, func(c fsops.Change) { o.changes <- c }) }()
	t.Cleanup(cancel)
	select {
	case <-ready:
	case err := <-o.end:
		t.Fatalf("watch %s: %v", w.Root, err)
	}
	return o
}

func (o *observed) String(c fsops.Change) string {
	short := func(path string) string { return strings.TrimPrefix(strings.TrimPrefix(path, o.root), "/") }
	text := string(c.Kind) + " " + short(c.Path)
	if c.From != "" {
		text = string(c.Kind) + " " + short(c.From) + " " + short(c.Path)
	}
	if c.Dir {
		text += "/"
	}
	return text
}

// until returns what was told, up to a change. Changes of times and modes are
// left out unless they are asked for.
func (o *observed) until(last string) []string {
	o.t.Helper()
	var all []string
	for {
		select {
		case c := <-o.changes:
			text := o.String(c)
			if c.Kind != fsops.Chmod || text == last {
				all = append(all, text)
			}
			if text == last {
				return all
			}
		case err := <-o.end:
			o.end <- err
			if len(o.changes) > 0 {
				continue
			}
			o.t.Fatalf("the watch has ended: %v; told were %q", err, all)
		case <-time.After(watchPatience):
			o.t.Fatalf("%q was not told; told were %q", last, all)
		}
	}
}

const watchPatience = 20 * time.Second

// mark makes a file that is told behind everything before it, and returns what
// was told until it had gone again.
func (o *observed) mark() []string {
	o.t.Helper()
	name := o.root + "/zz-mark"
	write(o.t, "", name)
	told := o.until("created zz-mark")
	if err := os.Remove(name); err != nil {
		o.t.Fatal(err)
	}
	more := o.until("removed zz-mark")
	return append(told[:len(told)-1], more[:len(more)-1]...)
}

func TestWatch_Kinds(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	must(t, os.MkdirAll(root+"/sub", 0o700))
	o := watch(t, fsops.Watch{Root: root, Recursive: true})
	outside := t.TempDir()
	for _, step := range []struct {
		do   func() error
		want []string
	}{
		{func() error { return os.WriteFile(root+"/a", []byte("1"), 0o600) }, []string{"created a", "written a"}},
		{func() error { return os.WriteFile(root+"/a", []byte("22"), 0o600) }, []string{"written a"}},
		{func() error { return os.Chmod(root+"/a", 0o644) }, nil},
		{func() error { return os.Rename(root+"/a", root+"/sub/b") }, []string{"renamed a sub/b"}},
		{func() error { return os.Rename(root+"/sub/b", outside+"/b") }, []string{"removed sub/b"}},
		{func() error { return os.Rename(outside+"/b", root+"/sub/c") }, []string{"created sub/c"}},
		{func() error { return os.Rename(root+"/sub", root+"/dir") }, []string{"renamed sub dir/"}},
		{func() error { return os.WriteFile(root+"/dir/c", []byte("1"), 0o600) }, []string{"written dir/c"}},
		{func() error { return os.Symlink("/", root+"/link") }, []string{"created link"}},
		{func() error { return os.Rename(root+"/dir", outside+"/dir") }, []string{"removed dir/"}},
		{func() error { return os.WriteFile(outside+"/dir/c", []byte("unseen"), 0o600) }, nil},
		{func() error { return os.Rename(outside+"/dir", root+"/back") }, []string{"created back/", "created back/c", "written back/c"}},
		{func() error { return os.RemoveAll(root + "/back") }, []string{"removed back/c", "removed back/"}},
		{func() error { return os.Remove(root + "/link") }, []string{"removed link"}},
	} {
		must(t, step.do())
		if got := slices.Compact(o.mark()); !slices.Equal(got, step.want) { // on a slow machine a write is two
			t.Errorf("told were %q, want %q", got, step.want)
		}
	}
	write(t, "", root+"/mode")
	must(t, os.Chmod(root+"/mode", 0o640))
	o.until("chmod mode")
	must(t, os.Chmod(root, 0o750)) //nolint:gosec // a directory
	o.until("chmod /")
}

// TestWatch_NewTree: what comes into a directory before it is watched is told
// all the same, and nothing is told twice.
func TestWatch_NewTree(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	o := watch(t, fsops.Watch{Root: root, Recursive: true})
	for round := range 30 {
		name := fmt.Sprintf("r%d", round)
		must(t, os.MkdirAll(root+"/"+name+"/a/b/c", 0o700))
		want := []string{"created " + name + "/", "created " + name + "/a/", "created " + name + "/a/b/", "created " + name + "/a/b/c/"}
		for i := range 20 {
			write(t, "", fmt.Sprintf("%s/%s/a/b/c/f%d", root, name, i))
			want = append(want, fmt.Sprintf("created %s/a/b/c/f%d", name, i))
		}
		got := o.mark()
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("told were %q, want %q", got, want)
		}
	}
}

// TestWatch_Mirror: whoever applies what is told to what was there has what
// is there now, whatever happens.
func TestWatch_Mirror(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	o := watch(t, fsops.Watch{Root: root, Recursive: true})
	shake(t, root, 3000)
	mirror := map[string]bool{}
	for _, text := range append(o.mark(), o.mark()...) { // what could not be looked into at once comes behind the first
		kind, rest, _ := strings.Cut(text, " ")
		name := strings.TrimSuffix(rest, "/")
		switch fsops.ChangeKind(kind) {
		case fsops.Created:
			mirror[name] = true
		case fsops.Removed:
			forget(mirror, name, "")
		case fsops.Renamed:
			from, to, _ := strings.Cut(name, " ")
			forget(mirror, to, "")
			forget(mirror, from, to)
		case fsops.Resync:
			t.Fatal("the tree was too fast for this machine; there is nothing to compare")
		}
	}
	there := map[string]bool{}
	must(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if rel, _ := filepath.Rel(root, path); rel != "." {
			there[rel] = true
		}
		return err
	}))
	for name := range there {
		if !mirror[name] {
			t.Errorf("%s is there and was not told", name)
		}
	}
	for name := range mirror {
		if !there[name] {
			t.Errorf("%s was told and is not there", name)
		}
	}
}

// forget takes a name with all below it out of the mirror, or gives it another.
func forget(mirror map[string]bool, name, to string) {
	for path := range mirror {
		rest, below := strings.CutPrefix(path, name)
		if !below || rest != "" && rest[0] != '/' {
			continue
		}
		delete(mirror, path)
		if to != "" {
			mirror[to+rest] = true
		}
	}
	if to != "" {
		mirror[to] = true
	}
}
