//go:build linux

package shell_test

import (
	"syscall"
	"testing"
	"time"

	"execd/shell"
)

// An interrupt ends what the shell has forked for a run without a program of
// its own, or without the variables of the run: that is no reason to give up
// the shell with its state, or what an earlier run has left in the same way.
func TestSession_InterruptWhatHasNoMark(t *testing.T) {
	for name, script := range map[string]string{
		"subshell":      "(echo begun; while :; do :; done)",
		"pipeline":      "echo begun; for i in {1..100000}; do sleep 0.01; done | cat",
		"substitution":  "f() { while :; do sleep 0.01; done; }; echo begun; y=$(f)",
		"job":           "f() { while :; do sleep 0.01; done; }; echo begun; f & wait $!",
		"orphan":        "( (echo begun; while :; do sleep 0.01; done) & ); while :; do sleep 0.01; done",
		"environment":   "env -i sh -c 'echo begun; exec sleep 600'",
		"variables":     "unset EXECD_EXECUTION_ID EXECD_SESSION_ID; echo begun; sleep 600",
		"stopped-shell": "echo begun; kill -STOP $$",
	} {
		t.Run(name, func(t *testing.T) { interruptKeeping(t, script) })
	}
}

// interruptKeeping interrupts a script that has said that it has begun.
func interruptKeeping(t *testing.T, script string) {
	t.Helper()
	s := newSession(t)
	// The pause is for that the next run does not begin in the same tick.
	earlier := do(t, s, shell.Run{ID: "earlier", Script: "x=1; (while :; do sleep 0.01; done) >&- 2>&- & echo $!; sleep 0.05"})
	job := pids(t, earlier.out)[0]
	out, done := long(t, s, script)
	out.until(t, shell.Stdout, func(s string) bool { return s == "begun\n" })
	s.Interrupt(t.Context(), "long", syscall.SIGINT, 100*time.Millisecond)
	if e := wait(t, done); e.Code != 130 {
		t.Errorf("%v, want that the shell took the interrupt", e)
	}
	wait(t, done)
	if !lives(job) {
		t.Error("what an earlier run has left was ended too")
	}
	expect(t, s, "echo $x", "1\n", 0)
}

// A signal goes to a subshell of the run, and not to the shell of the session
// as if there was none.
func TestSession_SignalASubshell(t *testing.T) {
	s := newSession(t)
	out, done := long(t, s, "x=1; (echo begun; while :; do :; done)")
	out.until(t, shell.Stdout, func(s string) bool { return s == "begun\n" })
	if err := s.Signal("long", syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if e := wait(t, done); e.Code != 128+int(syscall.SIGTERM) || e.Signal != 0 {
		t.Errorf("%v, want the end of the subshell", e)
	}
	expect(t, s, "echo $x", "1\n", 0)
}
