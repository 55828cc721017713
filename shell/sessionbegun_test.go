//go:build linux

package shell_test

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"execd/shell"
)

// leaving has the shell of a session be about to exit with 5, for a signal that
// an earlier run has left a trap for, and gives it a run then. Exit has it exit.
func leaving(t *testing.T, s *shell.Session, out *record) (u *shell.Underway, done <-chan struct{}, exit func()) {
	t.Helper()
	path := fifo(t)
	gate, err := os.OpenFile(path, os.O_RDWR, 0) // for both, or opening would wait for the other side
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gate.Close() })
	got := say(t, s, "export kept=1; trap 'trap \"\" USR1; : >"+path+"-seen; \\builtin read -r kept <"+path+"; exit 5' USR1; echo $$")
	signalUntil(t, pids(t, got.out)[0], path+"-seen")
	ended := make(chan struct{})
	u, err = s.Begin(shell.Run{ID: "second", Script: "echo never"}, out, func(*shell.Underway) { close(ended) })
	if err != nil {
		t.Fatal(err)
	}
	return u, ended, func() {
		if _, err := gate.WriteString("again\n"); err != nil {
			t.Error(err)
		}
	}
}

// signalUntil sends a shell SIGUSR1 until its trap has made a file: bash does not
// look at a signal that comes just before it begins to read.
func signalUntil(t *testing.T, pid int, file string) {
	t.Helper()
	for late := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		if err := syscall.Kill(pid, syscall.SIGUSR1); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(file); err == nil {
			return
		} else if time.Now().After(late) {
			t.Fatal(err)
		}
	}
}

// A run that the shell has never begun with, because what an earlier one has
// left ended it, is told from one that ended the shell.
func TestSession_NotBegun(t *testing.T) {
	s, out := newSession(t), newRecord()
	u, done, exit := leaving(t, s, out)
	exit()
	wait(t, done)
	begun := u.Begun()
	if e, _ := u.End(); begun || e.Code != 5 || out.get(shell.Stdout) != "" {
		t.Errorf("begun %v, %v, %q", begun, e, out.get(shell.Stdout))
	}
	if s.Fresh() == "" {
		t.Error("nothing is said about the fresh shell")
	}
	expect(t, s, "echo ${kept+kept}", "kept\n", 0)
}

// Who sends such a run a signal has ended it.
func TestSession_NotBegunButSignalled(t *testing.T) {
	s, out := newSession(t), newRecord()
	u, done, exit := leaving(t, s, out)
	if err := s.Signal("second", syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	exit()
	wait(t, done)
	if !u.Begun() {
		t.Error("it would be begun again")
	}
	u.End()
	expect(t, s, "echo next", "next\n", 0)
}

// A run that the shell has read is begun, whatever ends the shell in it.
func TestSession_Begun(t *testing.T) {
	for _, script := range []string{
		"exit 5", "trap 'exit 5' RETURN; f() { :; }; f; . /dev/null", "trap 'exit 5' DEBUG", "EXECD_EXECUTION_ID=earlier; exit 5",
		"trap 'exit 5' USR1; kill -USR1 $$", "set -u; echo $nothing", "sh -c 'exit 5' || exit 5", "exec sh -c 'exit 5'", "kill -9 $$",
	} {
		s := newSession(t)
		say(t, s, "echo earlier")
		done := make(chan struct{})
		u, err := s.Begin(shell.Run{ID: "run", Script: script}, newRecord(), func(*shell.Underway) { close(done) })
		if err != nil {
			t.Fatal(err)
		}
		wait(t, done)
		if !u.Begun() {
			t.Errorf("%s: it would be begun again", script)
		}
		u.End()
	}
}

// A shell that was stopped between two runs goes on with the next one.
func TestSession_StoppedBetweenRuns(t *testing.T) {
	s := newSession(t)
	pid := pids(t, say(t, s, "echo $$").out)[0]
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	untilState(t, pid, "T")
	expect(t, s, "echo on $$", "on "+strconv.Itoa(pid)+"\n", 0)
}

// The RETURN trap is for the functions and files of scripts, and not for what
// the session does between them.
func TestSession_ReturnTrap(t *testing.T) {
	s := newSession(t)
	expect(t, s, `set -u; x=1; f() { local tmp=gone; trap 'echo "leaving
with $tmp"' RETURN; }; f`, "leaving\nwith gone\n", 0)
	expect(t, s, "echo $x; trap -p RETURN", "1\ntrap -- 'echo \"leaving\nwith $tmp\"' RETURN\n", 0)
	expect(t, s, "n=0; trap '((++n))' RETURN", "", 0)
	expect(t, s, "echo $n", "0\n", 0)
	expect(t, s, ": "+strings.Repeat("long ", 2000), "", 0)
	expect(t, s, "echo $n; . /dev/null; echo $n", "0\n1\n", 0)
	out, done := long(t, s, "echo begun; sleep 600")
	out.until(t, shell.Stdout, func(s string) bool { return s == "begun\n" })
	s.Interrupt(t.Context(), "long", syscall.SIGINT, patience)
	wait(t, done)
	expect(t, s, "echo $n $x; . /dev/null; echo $n", "1 1\n2\n", 0)
	expect(t, s, "set -T; trap 'exit 3' RETURN", "", 0)
	expect(t, s, "echo on; trap - RETURN", "on\n", 0)
	expect(t, s, "trap -p RETURN; . /dev/null", "", 0)
	if s.Fresh() != "" {
		t.Error(s.Fresh())
	}
}
