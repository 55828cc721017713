package fsops_test

import (
	"errors"
	"os"
	"syscall"
	"testing"

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
	if err := fsops.Move(root+"/mount", other+"/to"); !errors.Is(err, syscall.EBUSY) {
		t.Errorf("%v", err)
	}
	left, err := os.ReadDir(other)
	must(t, err)
	if len(left) != 0 || read(t, root+"/mount/file") != "text" {
		t.Errorf("%v is left", left)
	}
}
