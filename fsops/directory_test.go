package fsops_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"execd/fsops"
)

func TestStat(t *testing.T) {
	dir := t.TempDir()
	file := write(t, "12345", dir, "file")
	must(t, os.Chmod(file, 0o640))
	stamp := time.Date(2020, 1, 2, 3, 4, 5, 123456789, time.UTC)
	must(t, os.Chtimes(file, stamp, stamp))
	must(t, os.Symlink("nowhere", dir+"/link"))
	must(t, syscall.Mkfifo(dir+"/pipe", 0o600))
	for name, want := range map[string]string{"file": "file", "": "directory", "link": "symlink", "pipe": "other"} {
		got, err := fsops.Stat(filepath.Join(dir, name))
		if err != nil || got.Type != want || got.Owner == "" || got.Group == "" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	got, err := fsops.Stat(file)
	if err != nil || got.Size != 5 || got.Mode != 640 || !got.ModifiedAt.Equal(stamp) || time.Since(got.CreatedAt) > time.Hour {
		t.Errorf("%+v, %v", got, err)
	}
}

func names(list []fsops.Info, root string) []string {
	var names []string
	for _, i := range list {
		name, _ := filepath.Rel(root, i.Path)
		names = append(names, name)
	}
	return names
}

func TestList(t *testing.T) {
	root := t.TempDir()
	write(t, "", root, "b", "two", "deep")
	write(t, "", root, "b", "one")
	write(t, "", root, "c")
	write(t, "", root, ".hidden")
	must(t, os.Symlink("b", root+"/a-link"))
	for depth, want := range [][]string{
		{},
		{".hidden", "a-link", "b", "c"},
		{".hidden", "a-link", "b", "b/one", "b/two", "c"},
		{".hidden", "a-link", "b", "b/one", "b/two", "b/two/deep", "c"},
		{".hidden", "a-link", "b", "b/one", "b/two", "b/two/deep", "c"},
	} {
		got, err := fsops.List(root, depth)
		if err != nil || got == nil || !slices.Equal(names(got, root), want) {
			t.Errorf("depth %d: %q, %v; want %q", depth, names(got, root), err, want)
		}
	}
	for path, want := range map[string]error{
		root + "/c": syscall.ENOTDIR, root + "/a-link": syscall.ENOTDIR, root + "/gone": fs.ErrNotExist,
	} {
		if got, err := fsops.List(path, 1); !errors.Is(err, want) {
			t.Errorf("%s: %v, %v", path, got, err)
		}
	}
}

func TestRemove(t *testing.T) {
	root := t.TempDir()
	kept := write(t, "kept", root, "kept")
	must(t, os.Symlink("kept", root+"/link"))
	must(t, os.Symlink("nowhere", root+"/dangling"))
	for _, path := range []string{"/link", "/dangling", "/gone"} {
		must(t, fsops.RemoveFile(root+path))
		if _, err := os.Lstat(root + path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there: %v", path, err)
		}
	}
	if err := fsops.RemoveFile(root); !errors.Is(err, syscall.EISDIR) {
		t.Errorf("a directory: %v", err)
	}
	write(t, "", root, "dir", "sub", "file")
	must(t, os.Symlink(root+"/kept", root+"/dir/link"))
	must(t, fsops.RemoveDir(root+"/dir"))
	must(t, fsops.RemoveDir(root+"/dir"))
	if read(t, kept) != "kept" {
		t.Error("a symlink was followed")
	}
	if err := fsops.RemoveDir("/"); !errors.Is(err, fsops.ErrRoot) {
		t.Errorf("the root: %v", err)
	}
}

func TestMakeDir(t *testing.T) {
	root := t.TempDir()
	private, open := fs.FileMode(0o700), fs.FileMode(0o755)
	must(t, fsops.MakeDir(root+"/a/b", &private, fsops.Owner{}))
	must(t, fsops.MakeDir(root+"/a/b", nil, fsops.Owner{}))
	if info, err := os.Stat(root + "/a/b"); err != nil || info.Mode().Perm() != private {
		t.Errorf("%v, %v", info, err)
	}
	must(t, fsops.MakeDir(root+"/a/b", &open, fsops.Owner{}))
	if info, err := os.Stat(root + "/a/b"); err != nil || info.Mode().Perm() != open {
		t.Errorf("%v, %v", info, err)
	}
	if err := fsops.MakeDir(write(t, "", root, "file"), nil, fsops.Owner{}); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("over a file: %v", err)
	}
}
