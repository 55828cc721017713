package fsops_test

import (
	"errors"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"execd/fsops"
)

func TestMove(t *testing.T) {
	root := t.TempDir()
	from := write(t, "text", root, "from")
	must(t, fsops.Move(from, root+"/new/dir/to"))
	if read(t, root+"/new/dir/to") != "text" {
		t.Error("it did not come whole")
	}
	must(t, fsops.Move(root+"/new", root+"/renamed"))
	there := write(t, "other", root, "there")
	must(t, os.Symlink("nowhere", root+"/dangling"))
	must(t, os.Symlink(root+"/renamed/dir", root+"/into"))
	for name, c := range map[string]struct {
		from, to string
		want     error
	}{
		"missing":       {root + "/gone", root + "/x", fs.ErrNotExist},
		"existing":      {root + "/renamed/dir/to", there, fs.ErrExist},
		"existing link": {there, root + "/dangling", fs.ErrExist},
		"existing dir":  {there, root + "/renamed", fs.ErrExist},
		"onto itself":   {there, there, fs.ErrExist},
		"into itself":   {root + "/renamed", root + "/renamed/dir/x", fsops.ErrIntoItself},
		"far into it":   {root + "/renamed", root + "/renamed/new/x", fsops.ErrIntoItself},
		"by a symlink":  {root + "/renamed", root + "/into/new/x", fsops.ErrIntoItself},
		"everything":    {"/", root + "/x", fsops.ErrIntoItself},
		"below a file":  {root + "/renamed", there + "/x", syscall.ENOTDIR},
	} {
		if err := fsops.Move(c.from, c.to); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if read(t, there) != "other" || read(t, root+"/renamed/dir/to") != "text" {
		t.Error("what was refused has changed something")
	}
}

// Of many who move to one name, one wins, and nothing is lost.
func TestMove_Race(t *testing.T) {
	root := t.TempDir()
	var won atomic.Int32
	var group sync.WaitGroup
	for i := range 50 {
		from := write(t, "x", root, string(rune('A'+i)))
		group.Go(func() {
			if fsops.Move(from, root+"/to/x") == nil {
				won.Add(1)
			}
		})
	}
	group.Wait()
	left, err := os.ReadDir(root)
	must(t, err)
	if won.Load() != 1 || len(left) != 50 {
		t.Errorf("%d won, %d entries are left", won.Load(), len(left))
	}
}

// otherFilesystem is a directory on another one than the test's own.
func otherFilesystem(t *testing.T, than string) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "execd") //nolint:usetesting // it has to be there
	if err != nil {
		t.Skipf("no second filesystem: %v", err)
	}
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	if err := os.Rename(write(t, "", than, "probe"), dir+"/probe"); !errors.Is(err, syscall.EXDEV) {
		t.Skipf("/dev/shm is the same filesystem: %v", err)
	}
	return dir
}

func TestMove_AcrossFilesystems(t *testing.T) {
	root := t.TempDir()
	other := otherFilesystem(t, root)
	write(t, "one", root, "tree", "sub", "file")
	must(t, os.Chmod(root+"/tree/sub", 0o510))
	must(t, os.Symlink("sub/file", root+"/tree/link"))
	must(t, os.Chmod(root+"/tree/sub/file", 0o751|fs.ModeSetuid))
	before, err := fsops.Stat(root + "/tree/sub/file")
	must(t, err)
	must(t, fsops.Move(root+"/tree", other+"/new/tree"))
	after, err := fsops.Stat(other + "/new/tree/sub/file")
	must(t, err)
	if after.Mode != 4751 || !after.ModifiedAt.Equal(before.ModifiedAt) || after.Owner != before.Owner {
		t.Errorf("%+v became %+v", before, after)
	}
	if read(t, other+"/new/tree/link") != "one" {
		t.Error("the symlink points elsewhere")
	}
	if _, err := os.Lstat(root + "/tree"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old tree is still there: %v", err)
	}
	// What cannot be copied leaves everything as it was.
	write(t, "two", root, "tree", "a")
	must(t, syscall.Mkfifo(root+"/tree/pipe", 0o600))
	if err := fsops.Move(root+"/tree", other+"/second"); !errors.Is(err, fsops.ErrNotRegular) {
		t.Errorf("a pipe: %v", err)
	}
	left, err := os.ReadDir(other)
	must(t, err)
	if len(left) != 1 || read(t, root+"/tree/a") != "two" {
		t.Errorf("%v is left", left)
	}
}

// TestMoveAll_Back: what was moved before one that fails is where it was, and no directory was made.
func TestMoveAll_Back(t *testing.T) {
	dir := t.TempDir()
	a, b := write(t, "a", dir, "a"), write(t, "b", dir, "b")
	err := fsops.MoveAll([]fsops.Renaming{{a, dir + "/x/y/c"}, {dir + "/x/y/c", dir + "/z/c"}, {b, dir + "/z/c"}})
	if !errors.Is(err, fs.ErrExist) || read(t, a) != "a" || read(t, b) != "b" {
		t.Errorf("%v", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	must(t, fsops.MoveAll([]fsops.Renaming{{a, dir + "/t"}, {b, a}, {dir + "/t", b}}))
	if read(t, a) != "b" || read(t, b) != "a" {
		t.Error("they have not changed places")
	}
}
