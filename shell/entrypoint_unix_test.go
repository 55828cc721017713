//go:build unix

package shell_test

import (
	"syscall"
	"testing"

	"execd/shell"
)

func TestEntrypoint_Exit(t *testing.T) {
	for script, want := range map[string]int{"exit 0": 0, "exit 42": 42, "kill -KILL $$": 137} {
		e, _, err := shell.StartEntrypoint([]string{"sh", "-c", script})
		if err != nil {
			t.Fatal(err)
		}
		<-e.Exited()
		if got := e.Exit(); got.Code != want {
			t.Errorf("%q: %v, want %d", script, got, want)
		}
		e.Signal(syscall.SIGKILL) // nobody: its pid may be another's by now
	}
}

func TestEntrypoint_Signal(t *testing.T) {
	e, _, err := shell.StartEntrypoint([]string{"sleep", "1000"})
	if err != nil {
		t.Fatal(err)
	}
	e.Signal(syscall.SIGTERM)
	<-e.Exited()
	if got := e.Exit(); got.Signal != syscall.SIGTERM {
		t.Error(got)
	}
}

func TestEntrypoint_NotStarted(t *testing.T) {
	for program, want := range map[string]int{"no-such-program": 127, "/no/such/program": 127, "/dev/null": 126} {
		_, exit, err := shell.StartEntrypoint([]string{program})
		if err == nil || exit.Code != want {
			t.Errorf("%s: %v, %v, want %d", program, exit, err, want)
		}
	}
}
