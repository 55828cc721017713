package fsops

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// ways are the two ways to make a draft: the second is for filesystems that
// know no files without a name.
var ways = map[string]func(string) (*os.File, error){
	"unnamed": openUnnamed,
	"named":   func(string) (*os.File, error) { return nil, errors.ErrUnsupported },
}

// eachWay runs a test for both, in a directory of its own.
func eachWay(t *testing.T, test func(t *testing.T, dir string, draft func(Placement) (*Draft, error))) {
	t.Helper()
	for name, open := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, err := filepath.EvalSymlinks(t.TempDir())
			must(t, err)
			test(t, dir, func(p Placement) (*Draft, error) { return newDraft(p, open) })
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// names are the files and directories below dir.
func names(t *testing.T, dir string) string {
	t.Helper()
	var all []string
	must(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if path != dir {
			all = append(all, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	}))
	return strings.Join(all, " ")
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	return string(text)
}

// put writes a file through a draft.
func put(t *testing.T, draft func(Placement) (*Draft, error), place Placement, text string) {
	t.Helper()
	d, err := draft(place)
	must(t, err)
	defer func() { must(t, d.Close()) }()
	_, err = d.ReadFrom(strings.NewReader(text))
	must(t, err)
	info, err := d.Commit()
	must(t, err)
	if info.Size() != int64(len(text)) {
		t.Errorf("size %d, want %d", info.Size(), len(text))
	}
	must(t, d.Close())
}

func TestDraft_New(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, dir string, draft func(Placement) (*Draft, error)) {
		t.Helper()
		put(t, draft, Placement{Path: dir + "/a/b/file"}, "content")
		if got := content(t, dir+"/a/b/file"); got != "content" {
			t.Errorf("got %q", got)
		}
		if got := names(t, dir); got != "a a/b a/b/file" {
			t.Errorf("there is %s", got)
		}
		// The mode is that of a file which anybody makes with 0777.
		f, err := os.OpenFile(filepath.Join(dir, "other"), os.O_CREATE|os.O_WRONLY, 0o777)
		must(t, err)
		must(t, f.Close())
		checkMode(t, dir+"/a/b/file", modeOf(t, filepath.Join(dir, "other")))
	})
}

func modeOf(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	must(t, err)
	return info.Mode()
}

func checkMode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	if got := modeOf(t, path); got != want {
		t.Errorf("mode of %s: %v, want %v", path, got, want)
	}
}

func TestDraft_KeepsMode(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, dir string, draft func(Placement) (*Draft, error)) {
		t.Helper()
		path := filepath.Join(dir, "file")
		must(t, os.WriteFile(path, []byte("a longer content than the next"), 0o600))
		kept := fs.FileMode(0o640) | fs.ModeSetuid
		must(t, os.Chmod(path, kept))
		put(t, draft, Placement{Path: path}, "new")
		checkMode(t, path, kept)
		mode := fs.FileMode(0o604)
		put(t, draft, Placement{Path: path, Mode: &mode}, "newer")
		checkMode(t, path, mode)
		if got := content(t, path); got != "newer" {
			t.Errorf("got %q", got)
		}
	})
}

func TestDraft_FollowsSymlinks(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, dir string, draft func(Placement) (*Draft, error)) {
		t.Helper()
		must(t, os.MkdirAll(dir+"/real/deep", 0o755))
		must(t, os.Symlink("real/deep", filepath.Join(dir, "dir")))
		must(t, os.Symlink("../file", dir+"/real/deep/up"))
		must(t, os.Symlink(dir+"/dir/up", filepath.Join(dir, "link")))
		put(t, draft, Placement{Path: filepath.Join(dir, "link")}, "one")
		put(t, draft, Placement{Path: dir + "/dir/up"}, "two")
		if got := content(t, dir+"/real/file"); got != "two" {
			t.Errorf("got %q", got)
		}
		if got := names(t, dir); got != "dir link real real/deep real/deep/up real/file" {
			t.Errorf("there is %s", got)
		}
		must(t, os.Symlink("loop", filepath.Join(dir, "loop")))
		if _, err := draft(Placement{Path: filepath.Join(dir, "loop")}); !errors.Is(err, syscall.ELOOP) {
			t.Errorf("a loop: %v", err)
		}
	})
}

func TestDraft_Refuses(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, dir string, draft func(Placement) (*Draft, error)) {
		t.Helper()
		must(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
		must(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
		before := names(t, dir)
		for path, want := range map[string]error{
			"":                       syscall.EISDIR,
			"pipe":                   ErrNotRegular,
			"file/below":             syscall.ENOTDIR,
			"file/below/it":          syscall.ENOTDIR,
			strings.Repeat("x", 300): syscall.ENAMETOOLONG,
		} {
			if d, err := draft(Placement{Path: filepath.Join(dir, path)}); !errors.Is(err, want) {
				t.Errorf("%q: %v, want %v", path, err, want)
				_ = d.Close()
			}
		}
		if got := names(t, dir); got != before {
			t.Errorf("there is %s, was %s", got, before)
		}
	})
}

// TestDraft_GivenUp: what is not committed leaves nothing behind, and no
// listing shows a draft as a file.
func TestDraft_GivenUp(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, dir string, draft func(Placement) (*Draft, error)) {
		t.Helper()
		must(t, os.WriteFile(filepath.Join(dir, "file"), []byte("old"), 0o600))
		for _, path := range []string{"file", "new", "deep/er/new"} {
			for _, park := range []bool{false, true} {
				d, err := draft(Placement{Path: filepath.Join(dir, path)})
				must(t, err)
				_, err = d.ReadFrom(strings.NewReader("new"))
				must(t, err)
				if park {
					must(t, d.Park())
				}
				for name := range strings.FieldsSeq(names(t, dir)) {
					if name != "file" && !IsDraft(name) {
						t.Errorf("%s is there and no draft", name)
					}
				}
				must(t, d.Close())
				must(t, d.Close())
				if got := names(t, dir); got != "file" || content(t, filepath.Join(dir, "file")) != "old" {
					t.Errorf("there is %s", got)
				}
			}
		}
	})
}

// TestDraft_CommitFails: parents that were made for nothing are removed.
func TestDraft_CommitFails(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, dir string, draft func(Placement) (*Draft, error)) {
		t.Helper()
		path := filepath.Join(dir, "deep", strings.Repeat("x", 300))
		d, err := draft(Placement{Path: path})
		must(t, err)
		if _, err := d.Commit(); !errors.Is(err, syscall.ENAMETOOLONG) {
			t.Errorf("got %v", err)
		}
		must(t, d.Close())
		if got := names(t, dir); got != "" {
			t.Errorf("there is %s", got)
		}
	})
}

// TestDraft_OldOrNew: whoever opens the file while it is replaced reads one
// of its contents, whole.
func TestDraft_OldOrNew(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, dir string, draft func(Placement) (*Draft, error)) {
		t.Helper()
		path := filepath.Join(dir, "file")
		contents := []string{strings.Repeat("a", 100_000), strings.Repeat("b", 50_000)}
		must(t, os.WriteFile(path, []byte(contents[0]), 0o600))
		stop, read := make(chan struct{}), make(chan int)
		go func() {
			n := 0
			defer func() { read <- n }()
			for ; ; n++ {
				got, err := os.ReadFile(path)
				if err != nil || (string(got) != contents[0] && string(got) != contents[1]) {
					t.Errorf("read %d bytes, %d of them b, %v", len(got), bytes.Count(got, []byte("b")), err)
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		}()
		for i := range 50 {
			put(t, draft, Placement{Path: path}, contents[i%2])
		}
		close(stop)
		if n := <-read; n == 0 {
			t.Error("nothing was read meanwhile")
		}
	})
}
