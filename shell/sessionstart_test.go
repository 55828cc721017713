//go:build linux

package shell_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
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

// Nor are its own variables that none may change any more, whatever is set.
func TestSession_VariablesReadonly(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	expect(t, s, "set -e; readonly EXECD_EXECUTION_ID EXECD_SESSION_ID", "", 0)
	expect(t, s, "plain=1; set -o posix", "", 0)
	expect(t, s, "echo $plain", "1\n", 0)
}

// A state that no shell survives is given up, and not what ends each one that is to have it.
func TestSession_StateThatEndsTheShell(t *testing.T) {
	s := newSession(t)
	say(t, s, "set -e; x=1; export e=2; cd /usr; readonly PWD OLDPWD")
	out, done := long(t, s, "echo begun; sleep 600")
	out.until(t, shell.Stdout, func(s string) bool { return s == "begun\n" })
	s.Interrupt(t.Context(), "long", syscall.SIGINT, patience)
	wait(t, done)
	expect(t, s, "echo ${x-gone} $e $PWD", "gone 2 /usr\n", 0)
}

// The variables and the directory of a run are there whatever is set.
func TestSession_SettingsWhateverIsSet(t *testing.T) {
	for setup, want := range map[string]string{
		"set -k":                          "v w /usr\n",
		"trap 'exit 5' ERR; readonly V=1": "1 /usr\n",
		"set -o posix; readonly V=1":      "1 /usr\n",
		"set -e; readonly V=1":            "1 /usr\n",
		"set -eo posix; readonly V=1":     "1 /usr\n",
	} {
		s := newSession(t)
		say(t, s, setup)
		got := do(t, s, shell.Run{ID: "run", Script: "echo $V $PWD; sh -c 'echo $EXECD_EXECUTION_ID'", Dir: "/usr", Env: []string{"V=v w"}})
		if got.out != want+"run\n" || got.exit.Code != 0 {
			t.Errorf("%s: %q, %v, stderr %q", setup, got.out, got.exit, got.err)
		}
	}
}
