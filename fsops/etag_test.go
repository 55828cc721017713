package fsops_test

import (
	"errors"
	"os"
	"sync"
	"testing"

	"execd/fsops"
)

func tag(t *testing.T, path string) string {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	return fsops.ETag(info)
}

func TestETag_ChangesWithTheFile(t *testing.T) {
	path := write(t, "one", t.TempDir(), "f")
	first := tag(t, path)
	if first != tag(t, path) || len(first) < 3 || first[0] != '"' {
		t.Errorf("%s", first)
	}
	info, err := os.Stat(path)
	must(t, err)
	must(t, os.Rename(write(t, "two", path+".new"), path))
	must(t, os.Chtimes(path, info.ModTime(), info.ModTime())) // as cp -p leaves it
	if second := tag(t, path); second == first {
		t.Errorf("still %s", first)
	}
}

func TestPrecondition(t *testing.T) {
	dir := t.TempDir()
	path, gone := write(t, "x", dir, "f"), dir+"/gone"
	is := tag(t, path)
	for _, c := range []struct {
		path, match, none string
		met               bool
	}{
		{path, "", "", true}, {gone, "", "", true},
		{path, is, "", true}, {path, "*", "", true}, {path, `"a", ` + is + ` ,"b"`, "", true},
		{path, `"a"`, "", false}, {path, "W/" + is, "", false}, {path, `""`, "", false},
		{gone, "*", "", false}, {gone, is, "", false},
		{path, "", "*", false}, {path, "", is, false}, {path, "", "W/" + is, false}, {path + "/below", "*", "", false},
		{path, "", `"a"`, true}, {gone, "", "*", true}, {gone, "", is, true},
		{path, is, `"a"`, true}, {path, is, is, false},
	} {
		err := fsops.Precondition{Match: c.match, NoneMatch: c.none}.Check(c.path)
		var stale *fsops.PreconditionError
		if (err == nil) != c.met || err != nil && !errors.As(err, &stale) {
			t.Errorf("%+v: %v", c, err)
		}
		if stale != nil && (stale.ETag == is) != (c.path == path) {
			t.Errorf("%+v: its version is %q", c, stale.ETag)
		}
	}
}

// Those who lock several paths wait for one another, and never in a circle.
func TestLock(t *testing.T) {
	counts := map[string]*int{"a": new(int), "b": new(int), "c": new(int)}
	sets := [][]string{{"a", "b"}, {"b", "a"}, {"c", "a", "b"}, {"c"}, {"b", "b"}, {"a", "c"}}
	var group sync.WaitGroup
	for i := range 600 {
		group.Go(func() {
			paths := sets[i%len(sets)]
			unlock := fsops.Lock(paths...)
			defer unlock()
			for _, p := range paths {
				*counts[p]++ // the race detector looks
			}
		})
	}
	group.Wait()
	if *counts["a"] != 400 || *counts["b"] != 500 || *counts["c"] != 300 {
		t.Errorf("%d, %d, %d", *counts["a"], *counts["b"], *counts["c"])
	}
}

// TestPrecondition_Entry: who removes a symlink means the link, who writes to it what it leads to.
func TestPrecondition_Entry(t *testing.T) {
	path := write(t, "x", t.TempDir(), "f")
	link := path + ".link"
	must(t, os.Symlink(path, link))
	p := fsops.Precondition{Match: tag(t, path)}
	if err := p.Check(link); err != nil {
		t.Error(err)
	}
	if err := p.CheckEntry(link); err == nil {
		t.Error("the link has the version of the file")
	}
}

// TestLock_Symlinks: a path is locked under all of its names, also where it does not exist yet.
func TestLock_Symlinks(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Mkdir(dir+"/real", 0o755))
	must(t, os.Symlink("real", dir+"/alias"))
	count := 0
	var group sync.WaitGroup
	for i := range 200 {
		group.Go(func() {
			unlock := fsops.Lock(dir + []string{"/real", "/alias"}[i%2] + "/a/b")
			defer unlock()
			count++ // the race detector looks
		})
	}
	group.Wait()
	if count != 200 {
		t.Errorf("%d", count)
	}
}

func TestStat_BelowFile(t *testing.T) {
	path := write(t, "x", t.TempDir(), "f") + "/below"
	if _, err := fsops.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	must(t, fsops.RemoveFile(path))
	must(t, fsops.RemoveDir(path))
}
