package fsops

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// TestJournal_AdoptedInVain: what turns out to be of no use after it was renamed has its old name, and no note.
func TestJournal_AdoptedInVain(t *testing.T) {
	kept := keepJournal(t)
	dir := t.TempDir()
	source := dir + "/source"
	sleep, err := exec.LookPath("sleep")
	must(t, err)
	text, err := os.ReadFile(sleep)
	must(t, err)
	must(t, os.WriteFile(source, text, 0o700)) //nolint:gosec // it is executed
	cmd := exec.CommandContext(t.Context(), source, "600")
	must(t, cmd.Start())
	defer func() { _, _ = cmd.Process.Kill(), cmd.Wait() }()
	if _, err := AdoptDraft(Placement{Path: dir + "/to"}, source); !errors.Is(err, syscall.ETXTBSY) {
		t.Errorf("%v, want that what is executed cannot be written", err)
	}
	if got := names(t, dir); got != "source" {
		t.Errorf("there is %s", got)
	}
	if got := names(t, kept); got != "" {
		t.Errorf("notes stay: %s", got)
	}
}

// TestJournal_Stuck: what cannot be removed stays noted.
func TestJournal_Stuck(t *testing.T) {
	kept := keepJournal(t)
	path := filepath.Join(t.TempDir(), draftName(false))
	must(t, os.MkdirAll(path+"/mount", 0o700))
	if err := syscall.Mount(path+"/mount", path+"/mount", "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("this user may not mount anything: %v", err)
	}
	forget := note(path, "")
	if err := discard(path, forget); !errors.Is(err, syscall.EBUSY) || names(t, kept) != filepath.Base(path) {
		t.Errorf("%v; noted are %q", err, names(t, kept))
	}
	must(t, syscall.Unmount(path+"/mount", 0))
	if err := discard(path, forget); err != nil || names(t, kept) != "" {
		t.Errorf("%v; noted are %q", err, names(t, kept))
	}
}
