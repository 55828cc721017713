package fsops_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"execd/fsops"
)

func replaceOne(t *testing.T, path, old, after string) (fsops.Replaced, error) {
	t.Helper()
	done, err := fsops.Replace([]fsops.Replacement{{Path: path, Old: old, New: after}}, fsops.Precondition{})
	if err != nil {
		return fsops.Replaced{}, err
	}
	return done[0], nil
}

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := write(t, "a.b\x00a\xffa.b", dir, "日本")
	must(t, os.Chmod(path, 0o751|os.ModeSetgid))
	done, err := replaceOne(t, path, "a.b", "")
	if err != nil || done.Count != 2 || done.ETag != tag(t, path) || read(t, path) != "\x00a\xff" {
		t.Errorf("%+v, %v, %q", done, err, read(t, path))
	}
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode() != 0o751|os.ModeSetgid {
		t.Errorf("the mode became %v", info.Mode())
	}
	left, err := os.ReadDir(dir)
	must(t, err)
	if len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

// TestReplace_Nothing: a file without the text is not written.
func TestReplace_Nothing(t *testing.T) {
	path := write(t, "text", t.TempDir(), "f")
	before := tag(t, path)
	done, err := replaceOne(t, path, "other", "x")
	if err != nil || done.Count != 0 || done.ETag != before || tag(t, path) != before {
		t.Errorf("%+v, %v", done, err)
	}
}

// TestReplace_Symlink: the file is replaced, the link stays.
func TestReplace_Symlink(t *testing.T) {
	dir := t.TempDir()
	path := write(t, "old", dir, "real", "f")
	must(t, os.Symlink("real/f", dir+"/link"))
	if done, err := replaceOne(t, dir+"/link", "old", "new"); err != nil || done.Count != 1 || read(t, path) != "new" {
		t.Errorf("%+v, %v", done, err)
	}
	if to, err := os.Readlink(dir + "/link"); err != nil || to != "real/f" {
		t.Errorf("%q, %v", to, err)
	}
}

// TestReplace_AllOrNone: nothing is written where one of the files cannot be.
func TestReplace_AllOrNone(t *testing.T) {
	dir := t.TempDir()
	good := write(t, "old", dir, "good")
	must(t, os.Symlink("good", dir+"/link"))
	must(t, os.Link(good, dir+"/hard"))
	must(t, syscall.Mkfifo(dir+"/pipe", 0o600))
	before := tag(t, good)
	for _, c := range []struct {
		path, old string
		want      error
	}{
		{dir + "/gone", "old", fs.ErrNotExist},
		{good + "/below", "old", fs.ErrNotExist},
		{dir, "old", syscall.EISDIR},
		{dir + "/pipe", "old", fsops.ErrNotRegular},
		{"/dev/null", "old", fsops.ErrNotRegular},
		{dir + "/link", "old", fsops.ErrTwice},
		{dir + "/hard", "old", fsops.ErrTwice},
		{write(t, "old", dir, "other"), "", fsops.ErrEmptyOld},
	} {
		done, err := fsops.Replace([]fsops.Replacement{{good, "old", "new"}, {c.path, c.old, "new"}}, fsops.Precondition{})
		if !errors.Is(err, c.want) || done != nil || !strings.Contains(err.Error(), c.path) {
			t.Errorf("%s: %+v, %v, want %v", c.path, done, err, c.want)
		}
	}
	if read(t, good) != "old" || tag(t, good) != before {
		t.Error("it was written")
	}
	left, err := filepath.Glob(dir + "/.execd*")
	if len(left) > 0 || err != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestReplace_ManyVersions: a version never comes back, though inodes do and
// many are made in one tick of the kernel's clock.
func TestReplace_ManyVersions(t *testing.T) {
	path := write(t, "0", t.TempDir(), "f")
	seen := map[string]bool{tag(t, path): true}
	for i := range 300 {
		done, err := replaceOne(t, path, string(rune('0'+i%2)), string(rune('0'+(i+1)%2)))
		must(t, err)
		if done.Count != 1 || seen[done.ETag] {
			t.Fatalf("%d: %+v has been before", i, done)
		}
		seen[done.ETag] = true
	}
}

// TestReplace_Large: a file of many windows, of which each has something.
func TestReplace_Large(t *testing.T) {
	line := strings.Repeat("x", 1000) + "old\n"
	path := write(t, strings.Repeat(line, 3000), t.TempDir(), "f")
	done, err := replaceOne(t, path, "old\n", "new line\n")
	if err != nil || done.Count != 3000 || read(t, path) != strings.Repeat(strings.Repeat("x", 1000)+"new line\n", 3000) {
		t.Errorf("%+v, %v", done, err)
	}
}

// TestReplace_Time: a version has a time of its own, not that of the kernel's
// last tick, which many versions may share.
func TestReplace_Time(t *testing.T) {
	path := write(t, "0", t.TempDir(), "f")
	for i := range 20 {
		before := time.Now()
		_, err := replaceOne(t, path, string(rune('0'+i)), string(rune('1'+i)))
		must(t, err)
		info, err := os.Stat(path)
		must(t, err)
		if info.ModTime().Before(before.Truncate(time.Microsecond)) {
			t.Fatalf("%d: written after %v, and says %v", i, before, info.ModTime())
		}
	}
}
