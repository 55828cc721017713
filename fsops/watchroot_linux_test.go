package fsops_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"execd/fsops"
)

func TestWatch_Root(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(root string) error{
		"removed": os.RemoveAll,
		"renamed": func(root string) error { return os.Rename(root, root+"-other") },
	} {
		for _, kind := range []string{"directory", "file"} {
			root := t.TempDir() + "/root"
			if kind == "file" {
				write(t, "1", root)
			} else {
				must(t, os.Mkdir(root, 0o700))
			}
			o := watch(t, fsops.Watch{Root: root, Recursive: true})
			must(t, end(root))
			if err := <-o.end; !errors.Is(err, fsops.ErrRootGone) {
				t.Errorf("%s that is %s: %v", kind, name, err)
			}
			if last := <-o.changes; last.Path != root && last.From != root {
				t.Errorf("%s that is %s: %+v", kind, name, last)
			}
		}
	}
}

// TestWatch_Parent: the watch of what is called otherwise, because a parent is, ends; what comes later is not told by the
// old name. What is there by that name then is not taken for it.
func TestWatch_Parent(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(dir string) error{
		"parent":      func(dir string) error { return os.Rename(dir+"/a/b", dir+"/a/c") },
		"grandparent": func(dir string) error { return os.Rename(dir+"/a", dir+"/c") },
		"replaced": func(dir string) error {
			return errors.Join(os.Rename(dir+"/a", dir+"/c"), os.MkdirAll(dir+"/a/b/root", 0o700))
		},
		"removed": func(dir string) error { return os.RemoveAll(dir + "/a") },
	} {
		for _, kind := range []string{"directory", "flat directory", "file"} {
			dir := t.TempDir()
			root := dir + "/a/b/root"
			if kind == "file" {
				write(t, "1", root)
			} else {
				must(t, os.MkdirAll(root, 0o700))
			}
			o := watch(t, fsops.Watch{Root: root, Recursive: kind == "directory"})
			must(t, end(dir))
			if err := <-o.end; !errors.Is(err, fsops.ErrRootGone) {
				t.Errorf("%s, %s: %v", name, kind, err)
			}
			if c := <-o.changes; c.Path != root || c.Kind != fsops.Removed || len(o.changes) > 0 {
				t.Errorf("%s, %s: %+v, and %d more", name, kind, c, len(o.changes))
			}
		}
	}
}

// TestWatch_ParentBack: what was called otherwise for a moment is watched on, or its end is told.
func TestWatch_ParentBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root := dir + "/a/root"
	must(t, os.MkdirAll(root, 0o700))
	o := watch(t, fsops.Watch{Root: root, Recursive: true})
	must(t, os.Rename(dir+"/a", dir+"/b"))
	must(t, os.Rename(dir+"/b", dir+"/a"))
	write(t, "", root+"/f")
	if c := <-o.changes; c.Path != root+"/f" && c != (fsops.Change{Kind: fsops.Removed, Path: root, Dir: true}) {
		t.Errorf("%+v", c)
	}
}

// TestWatch_File: a file that is replaced is still watched.
func TestWatch_File(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root := dir + "/file"
	write(t, "1", root)
	o := watch(t, fsops.Watch{Root: root})
	write(t, "unseen", dir+"/other")
	write(t, "2", root)
	o.until("written ")
	write(t, "3", dir+"/new")
	must(t, os.Rename(dir+"/new", root))
	if c := <-o.changes; c.Kind != fsops.Renamed || c.Path != root || c.From != dir+"/new" {
		t.Errorf("%+v", c)
	}
	write(t, "4", root)
	o.until("written ")
	must(t, os.Remove(root))
	o.until("removed ")
}

func TestWatch_Flat(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	must(t, os.Mkdir(root+"/sub", 0o700))
	must(t, os.Symlink(root, root+"/sub/link"))
	o := watch(t, fsops.Watch{Root: root})
	write(t, "", root+"/sub/unseen")
	must(t, os.Mkdir(root+"/new", 0o700))
	write(t, "", root+"/new/unseen")
	if got := o.mark(); !slices.Equal(got, []string{"created new/"}) {
		t.Errorf("%q", got)
	}
}

// TestWatch_Drafts: what this package puts into its place is told by that
// place alone.
func TestWatch_Drafts(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	o := watch(t, fsops.Watch{Root: root, Recursive: true})
	put := func(text string) {
		t.Helper()
		d, err := fsops.NewDraft(fsops.Placement{Path: root + "/sub/f"})
		must(t, err)
		defer d.Close() //nolint:errcheck // it was committed
		_, err = d.ReadFrom(strings.NewReader(text))
		must(t, err)
		_, err = d.Commit()
		must(t, err)
	}
	put("one")
	if got, want := o.mark(), []string{"created sub/", "created sub/f", "written sub/f"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	put("two")
	write(t, "", root+"/#1")
	must(t, os.Chmod(root+"/#1", 0o640))
	o.until("chmod #1")
	must(t, os.Remove(root+"/#1"))
	o.until("removed #1")
	put("three")
	if got, want := o.mark(), []string{"written sub/f"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestWatch_MovedAcross: what is moved to another filesystem is removed here and created there, in one step each; what
// is adopted is created.
func TestWatch_MovedAcross(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	other := otherFilesystem(t, root)
	write(t, "text", root, "tree", "sub", "f")
	adopted := write(t, "text", other, "source", "adopted")
	here, there := watch(t, fsops.Watch{Root: root, Recursive: true}), watch(t, fsops.Watch{Root: other, Recursive: true})
	must(t, fsops.Move(root+"/tree", other+"/tree"))
	d, err := fsops.AdoptDraft(fsops.Placement{Path: other + "/f"}, adopted)
	must(t, err)
	_, err = d.Commit()
	must(t, errors.Join(err, d.Close()))
	if got := here.mark(); !slices.Equal(got, []string{"removed tree/"}) {
		t.Errorf("%q", got)
	}
	want := []string{
		"created tree/", "created tree/sub/", "created tree/sub/f", "written tree/sub/f",
		"removed source/adopted", "created f", "written f",
	}
	if got := there.mark(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// TestWatch_Open: a file that stays open is told while it grows.
func TestWatch_Open(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	f, err := os.Create(root + "/log")
	must(t, err)
	defer f.Close() //nolint:errcheck // only a test
	o := watch(t, fsops.Watch{Root: root})
	for range 2 {
		_, err = f.WriteString("line\n")
		must(t, err)
		if got := o.until("written log"); len(got) != 1 {
			t.Errorf("%q", got)
		}
	}
}

func TestWatch_Refused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	err := fsops.Watch{Root: dir + "/gone"}.Run(t.Context(), func() {}, nil)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), dir+"/gone") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	if err := (fsops.Watch{Root: dir}).Run(ctx, func() {}, nil); err == nil || err.Error() != "enough" {
		t.Errorf("%v", err)
	}
}
