//go:build linux

package shell

import (
	"os/exec"
	"slices"
	"sync"
	"testing"
)

// Who looks at the table of processes with others finds everybody who was there when he asked.
func TestTable_SharedLooks(t *testing.T) {
	t.Parallel()
	var lookers sync.WaitGroup
	for range 8 {
		lookers.Go(func() {
			for range 10 {
				cmd := exec.Command("sleep", "1000")
				if err := cmd.Start(); err != nil {
					t.Error(err)
					return
				}
				seen := slices.ContainsFunc(processes().all, func(s stat) bool { return s.pid == cmd.Process.Pid })
				_ = cmd.Process.Kill()
				_ = cmd.Wait() // killed
				if !seen {
					t.Errorf("process %d was not seen", cmd.Process.Pid)
				}
			}
		})
	}
	lookers.Wait()
}

// A mark is read once for all who look for one.
func TestTable_Marks(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sleep", "1000")
	cmd.Env = []string{marker + "=one", "OTHER=two", sessionMarker + "=three"}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	table, s := processes(), stat{pid: cmd.Process.Pid}
	for id, want := range map[string]bool{"one": true, "two": false, "three": true, "": false} {
		if got := (kin{id: id}).marks(table, s); got != want {
			t.Errorf("it carries %q: %v, want %v", id, got, want)
		}
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // killed
	if !(kin{id: "one"}).marks(table, s) {
		t.Error("what was read is read again")
	}
}
