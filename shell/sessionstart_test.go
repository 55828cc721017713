//go:build linux

package shell_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"execd/shell"
)

// A shell that its environment keeps from beginning is an error, and nobody waits for it.
func TestSession_CannotBegin(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(file, []byte("exit 3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for variable, want := range map[string]string{
		"SHELLOPTS=noexec": "exit status 0",
		"SHELLOPTS=onecmd": "exit status 0",
		"BASH_ENV=" + file: "exit status 3",
	} {
		_, err := shell.NewSession(shell.SessionConfig{ID: t.Name(), Dir: t.TempDir(), Env: append(os.Environ(), variable)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", variable, err, want)
		}
	}
}

// A builtin that was switched off is not one that the next run lacks.
func TestSession_BuiltinsSwitchedOff(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	expect(t, s, "plain=1; enable -n printf declare eval export cd mapfile", "", 0)
	expect(t, s, "echo $plain", "1\n", 0)
}
