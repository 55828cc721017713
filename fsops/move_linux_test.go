package fsops_test

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"execd/fsops"
)

// TestMove_Stuck: a source that cannot be taken away stays as it was, and the copy of it goes.
func TestMove_Stuck(t *testing.T) {
	root := t.TempDir()
	other := otherFilesystem(t, root)
	write(t, "text", root, "mount", "file")
	if err := syscall.Mount(root+"/mount", root+"/mount", "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("this user may not mount anything: %v", err)
	}
	defer func() { must(t, syscall.Unmount(root+"/mount", 0)) }()
	err := fsops.Move(root+"/mount", other+"/to")
	if !errors.Is(err, syscall.EBUSY) || !strings.Contains(err.Error(), root+"/mount") || strings.Contains(err.Error(), draftPrefix) {
		t.Errorf("%v", err)
	}
	left, err := os.ReadDir(other)
	must(t, err)
	if len(left) != 0 || read(t, root+"/mount/file") != "text" {
		t.Errorf("%v is left", left)
	}
}

// draftPrefix begins names that nobody is to hear of.
const draftPrefix = ".execd-draft-"

// TestMove_ErrorsNameTheTarget: and not the copy that is to become it.
func TestMove_ErrorsNameTheTarget(t *testing.T) {
	root, small := t.TempDir(), t.TempDir()
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=65536"); err != nil {
		t.Skipf("this user may not mount anything: %v", err)
	}
	defer func() { must(t, syscall.Unmount(small, 0)) }()
	write(t, strings.Repeat("x", 1<<20), root, "tree", "sub", "big")
	err := fsops.Move(root+"/tree", small+"/to")
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), small+"/to/sub/big") || strings.Contains(err.Error(), draftPrefix) {
		t.Errorf("no space: %v", err)
	}
	must(t, syscall.Mount("", small, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	err = fsops.Move(root+"/tree", small+"/to")
	if !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), small+"/to") || strings.Contains(err.Error(), draftPrefix) {
		t.Errorf("read-only: %v", err)
	}
	if left, err := os.ReadDir(small); err != nil || len(left) > 0 || len(read(t, root+"/tree/sub/big")) != 1<<20 {
		t.Errorf("%v, %v is left", err, left)
	}
}

// TestMove_WriteProtected: a directory that its owner may not write to is moved between filesystems as it is within one.
func TestMove_WriteProtected(t *testing.T) {
	const somebody = 65534
	root, err := os.MkdirTemp("", "execd") //nolint:usetesting // what TempDir makes is below a folder that only its owner may enter
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(root)) })
	other := otherFilesystem(t, root)
	must(t, os.Remove(root+"/probe"))
	write(t, "text", root, "tree", "closed", "file")
	must(t, os.Chmod(root+"/tree/closed", 0o555))
	asRoot := os.Getuid() == 0
	if asRoot { // whom nothing is forbidden
		for _, path := range []string{root, root + "/tree", root + "/tree/closed", root + "/tree/closed/file", other} {
			must(t, os.Chown(path, somebody, -1))
		}
	}
	moved := make(chan error)
	go func() {
		if asRoot {
			runtime.LockOSThread() // which ends with it
			if err := unix.Setfsuid(somebody); err != nil {
				t.Error(err)
			}
		}
		moved <- fsops.Move(root+"/tree", other+"/to")
	}()
	if err := <-moved; err != nil {
		t.Error(err)
	}
	left, err := os.ReadDir(root)
	must(t, err)
	info, err := os.Stat(other + "/to/closed")
	must(t, err)
	if len(left) != 0 || info.Mode().Perm() != 0o555 || read(t, other+"/to/closed/file") != "text" {
		t.Errorf("%v is left, and there is %v", left, info.Mode())
	}
	must(t, os.Chmod(other+"/to/closed", 0o755)) // so that it can be removed
}
