//go:build linux

package shell_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"execd/shell"
)

func TestSession_InterruptKeepsTheState(t *testing.T) {
	s := newSession(t)
	say(t, s, "f() { echo f; }; alias a='echo A'; x=1; arr=(1 2); set -o pipefail")
	say(t, s, "cd /usr; export e=2; umask 077; trap 'echo t' USR1")
	for _, script := range []string{"sleep 600; echo no", "while :; do :; done", "(trap '' INT; sleep 600)"} {
		script = "echo begun; " + script
		out, done := long(t, s, script)
		out.until(t, shell.Stdout, func(s string) bool { return s == "begun\n" })
		s.Interrupt(t.Context(), "long", syscall.SIGINT, 300*time.Millisecond)
		if e := wait(t, done); e.Code != 130 || out.get(shell.Stdout) != "begun\n" {
			t.Errorf("%s: %v, %q", script, e, out.get(shell.Stdout))
		}
		if s.Fresh() == "" {
			t.Error("the shell is said to be the same")
		}
		expect(t, s, "f; a; echo $x ${arr[1]} $e $PWD; umask; false | true; echo $?; kill -USR1 $$", "f\nA\n1 2 2 /usr\n0077\n1\nt\n", 0)
	}
}

func TestSession_InterruptWhatIgnoresIt(t *testing.T) {
	s := newSession(t)
	out, done := long(t, s, "trap '' INT; echo begun; while :; do :; done")
	out.until(t, shell.Stdout, func(s string) bool { return s == "begun\n" })
	s.Interrupt(t.Context(), "long", syscall.SIGINT, 10*time.Millisecond)
	if e := wait(t, done); e.SignalName() != "SIGKILL" {
		t.Errorf("%v", e)
	}
	expect(t, s, "echo ok", "ok\n", 0)
}

// What a run has stopped takes the interrupt all the same.
func TestSession_InterruptWhatIsStopped(t *testing.T) {
	s := newSession(t)
	script := `sh -c 'trap "echo bye; exit 3" INT; echo $$; kill -STOP $$; while :; do sleep 0.05; done'`
	out, done := long(t, s, script)
	stopped := out.until(t, shell.Stdout, func(s string) bool { return strings.HasSuffix(s, "\n") })
	untilState(t, pids(t, stopped)[0], "T")
	s.Interrupt(t.Context(), "long", syscall.SIGINT, patience)
	wait(t, done)
	if got := out.get(shell.Stdout); got != stopped+"bye\n" {
		t.Errorf("it said %q, want that it was told", got)
	}
}
