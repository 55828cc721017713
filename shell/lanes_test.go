//go:build linux

package shell_test

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"execd/shell"
)

// brief does what is over at once.
func brief(t *testing.T, s *shell.Session, script string) result {
	t.Helper()
	out := newRecord()
	exit, late, err := s.RunBrief(shell.Run{ID: "run", Script: script}, out)
	if err != nil {
		t.Fatalf("%q: %v", script, err)
	}
	return result{out.get(shell.Stdout), out.get(shell.Stderr), exit, late, out}
}

func openFiles(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// Runs that are over at once get all of their output to their end, one after the other, from the same pipes.
func TestSession_BriefRuns(t *testing.T) {
	s := newSession(t)
	brief(t, s, "true")
	s.Prepare()
	files, routines := openFiles(t), runtime.NumGoroutine()
	long := strings.Repeat("x", 60_000) // less than a pipe holds
	for i := range 50 {
		got := brief(t, s, "echo out; echo err >&2; printf %60000s | tr ' ' x; exec 3>&- 4</dev/null")
		if got.out != "out\n"+long || got.err != "err\n" || got.exit.Code != 0 {
			t.Fatalf("run %d: %d bytes, %q, %v", i, len(got.out), got.err, got.exit)
		}
		wait(t, got.late)
		s.Prepare()
	}
	if f, r := openFiles(t), runtime.NumGoroutine(); f > files || r > routines {
		t.Errorf("%d open files, %d goroutines; want %d, %d", f, r, files, routines)
	}
}

// What is left in the background of a run that was over at once prints to that run, and the next ones have pipes of their own.
func TestSession_BriefRunLeavesSomething(t *testing.T) {
	s := newSession(t)
	gate := fifo(t)
	first := brief(t, s, "{ read x <"+gate+"; echo late; echo late >&2; } & echo first")
	held := brief(t, s, "exec 5>&1; echo held")
	if first.out != "first\n" || held.out != "held\n" {
		t.Fatalf("%q, %q", first.out, held.out)
	}
	if got := brief(t, s, "echo second; echo >"+gate); got.out != "second\n" || got.err != "" {
		t.Errorf("%q, %q", got.out, got.err)
	}
	wait(t, first.late)
	if out, err := first.record.get(shell.Stdout), first.record.get(shell.Stderr); out != "first\nlate\n" || err != "late\n" {
		t.Errorf("%q, %q", out, err)
	}
	expect(t, s, "echo more >&5; exec 5>&-", "", 0)
	wait(t, held.late)
	if out := held.record.get(shell.Stdout); out != "held\nmore\n" {
		t.Errorf("%q", out)
	}
}

// Once a run lasts its output comes before its end.
func TestSession_RunLasts(t *testing.T) {
	s := newSession(t)
	gate := fifo(t)
	out, done := newRecord(), make(chan struct{})
	u, err := s.Begin(shell.Run{ID: "r", Script: "echo before; read x <" + gate + "; echo after"}, out, func(*shell.Underway) { close(done) })
	if err != nil {
		t.Fatal(err)
	}
	u.Lasts()
	out.until(t, shell.Stdout, func(text string) bool { return text == "before\n" })
	if err := os.WriteFile(gate, []byte("x\n"), 0); err != nil {
		t.Fatal(err)
	}
	<-done
	u.Lasts() // too late to matter
	if exit, _ := u.End(); exit.Code != 0 || out.get(shell.Stdout) != "before\nafter\n" {
		t.Errorf("%q, %v", out.get(shell.Stdout), exit)
	}
}

// A closed session leaves no descriptor, whatever it was doing.
func TestSession_CloseClosesFiles(t *testing.T) {
	before := openFiles(t)
	for _, script := range []string{"true", "sleep 600 & exec 5>&1", "exit 3", "kill -9 $$", "x=1"} {
		s, err := shell.NewSession(shell.SessionConfig{ID: "closes", Env: os.Environ()})
		if err != nil {
			t.Fatal(err)
		}
		brief(t, s, "true")
		got := say(t, s, script)
		s.Prepare()
		s.Close(t.Context())
		wait(t, got.late)
	}
	if after := openFiles(t); after > before { // fewer where another test's were still being closed
		t.Errorf("%d open files before, %d after", before, after)
	}
}
