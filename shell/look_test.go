//go:build linux

package shell_test

import (
	"context"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"execd/shell"
)

// begin gives a session a run, whose end closes the channel.
func begin(t *testing.T, s *shell.Session, script string) (*shell.Underway, *record, <-chan struct{}) {
	t.Helper()
	out, done := newRecord(), make(chan struct{})
	u, err := s.Begin(shell.Run{ID: "run", Script: script}, out, func(*shell.Underway) { close(done) })
	if err != nil {
		t.Fatal(err)
	}
	return u, out, done
}

// look has this goroutine find the end of a run, unless that is the end of the
// shell, of which another one hears.
func look(t *testing.T, s *shell.Session, script string) result {
	t.Helper()
	u, out, done := begin(t, s, script)
	u.Look(patience)
	wait(t, done)
	exit, late := u.End()
	return result{out.get(shell.Stdout), out.get(shell.Stderr), exit, late, out}
}

// Whoever looks for the end of a run finds it, whatever that is, and keeps no
// goroutine and no descriptor.
func TestUnderway_Look(t *testing.T) {
	s := newSession(t)
	watched := runtime.NumGoroutine()
	look(t, s, "true")
	files := openFiles(t)
	u, _, done := begin(t, s, "bash -c true")
	u.Look(patience)
	select {
	case <-done:
	default:
		t.Fatal("somebody else is to find the end")
	}
	u.End()
	for range 50 {
		if got := look(t, s, "echo out; echo err >&2; false"); got.out != "out\n" || got.err != "err\n" || got.exit.Code != 1 {
			t.Fatalf("%q, %q, %v", got.out, got.err, got.exit)
		}
	}
	for late := time.Now().Add(patience); runtime.NumGoroutine() >= watched; runtime.Gosched() {
		if time.Now().After(late) {
			t.Fatalf("%d goroutines, %d when the shell was watched", runtime.NumGoroutine(), watched)
		}
	}
	if n := openFiles(t); n > files {
		t.Errorf("%d open files, %d before", n, files)
	}
	for script, code := range map[string]int{"exit 4": 4, "exec false": 1, "x=1; f() { return 5; }; f": 5, "set -e; false": 1} {
		if got := look(t, s, script); got.exit.Code != code {
			t.Errorf("%s: %v", script, got.exit)
		}
	}
	if got := look(t, s, "kill -9 $$"); got.exit.Signal != syscall.SIGKILL {
		t.Errorf("killed: %v", got.exit)
	}
	expect(t, s, "echo ok", "ok\n", 0)
}

// A run that is not over within the limit is told of like any other, and so is
// one that nobody looks for behind one that was.
func TestUnderway_LooksInVain(t *testing.T) {
	s := newSession(t)
	path := fifo(t)
	for name, after := range map[string]func(*shell.Underway){
		"limit": func(u *shell.Underway) { u.Look(time.Millisecond) },
		"not":   func(u *shell.Underway) { u.Look(0) },
		"lasts": (*shell.Underway).Lasts,
		"both":  func(u *shell.Underway) { u.Lasts(); u.Look(time.Millisecond) },
	} {
		t.Run(name, func(t *testing.T) {
			look(t, s, "true")
			u, _, done := begin(t, s, "read x <"+path+"; echo $x")
			after(u)
			w, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.WriteString("on\n"); err != nil {
				t.Fatal(err)
			}
			_ = w.Close()
			wait(t, done)
			if exit, _ := u.End(); exit.Code != 0 {
				t.Error(exit)
			}
		})
	}
}

// Without a descriptor to spare a shell goes on being watched.
func TestUnderway_LookWithoutDescriptors(t *testing.T) {
	s := newSession(t)
	brief(t, s, "true")
	s.Prepare() // a run needs none then
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was) }()
	now := was
	now.Cur = 1
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &now); err != nil {
		t.Fatal(err)
	}
	u, _, done := begin(t, s, "true")
	u.Look(time.Millisecond)
	wait(t, done)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
		t.Fatal(err)
	}
	u.End()
	look(t, s, "true")
}

// A session may be closed, and its run interrupted, while somebody looks.
func TestUnderway_LookMeanwhile(t *testing.T) {
	for _, script := range []string{"sleep 600", "true"} {
		for range 20 {
			s := newSession(t)
			look(t, s, "true")
			u, _, done := begin(t, s, script)
			var all sync.WaitGroup
			var ended atomic.Bool
			all.Go(func() {
				for !ended.Load() {
					u.Look(100 * time.Microsecond)
				}
			})
			all.Go(func() { s.Interrupt(context.Background(), "run", syscall.SIGINT, patience) })
			all.Go(func() { s.Close(context.Background()) })
			wait(t, done)
			u.End()
			ended.Store(true)
			all.Wait()
		}
	}
}

// Who comes to look for a run that is over keeps nobody from hearing of the
// next one.
func TestUnderway_LooksLate(t *testing.T) {
	s := newSession(t)
	look(t, s, "true")
	over, _, done := begin(t, s, "true")
	over.Lasts()
	wait(t, done)
	over.End()
	path := fifo(t)
	u, _, done := begin(t, s, "read x <"+path)
	u.Lasts()
	over.Look(time.Millisecond)
	if err := os.WriteFile(path, []byte("on\n"), 0); err != nil {
		t.Fatal(err)
	}
	wait(t, done)
	u.End()
}

// Likewise, however late that is, and of what a shell is asked behind an interrupt.
func TestUnderway_LooksLateMeanwhile(t *testing.T) {
	s := newSession(t)
	for range 20 {
		over, _, done := begin(t, s, "true")
		over.Lasts()
		wait(t, done)
		over.End()
		var all sync.WaitGroup
		var enough atomic.Bool
		all.Go(func() {
			for !enough.Load() {
				over.Look(time.Microsecond)
			}
		})
		within(t, s, "echo ok", "ok\n", 0)
		u, out, done := begin(t, s, "trap : INT; echo begun; sleep 600")
		u.Lasts()
		out.until(t, shell.Stdout, func(text string) bool { return text == "begun\n" })
		ended := make(chan struct{})
		go func() { <-done; u.End(); close(ended) }()
		s.Interrupt(t.Context(), "run", syscall.SIGINT, patience)
		wait(t, ended)
		enough.Store(true)
		all.Wait()
	}
}

// What a shell tells may be much more than its pipe holds, or is taken at once.
func TestUnderway_LargeReport(t *testing.T) {
	s := newSession(t)
	for _, script := range []string{"x=$(head -c 5000000 /dev/zero | tr '\\0' x)", "export x"} {
		within(t, s, script, "", 0)
	}
	within(t, s, "echo ${#x}", "5000000\n", 0)
	for range 2 {
		if got := look(t, s, "echo ${#x}"); got.out != "5000000\n" {
			t.Errorf("%q", got.out)
		}
	}
	within(t, s, "exit 3", "", 3)
	within(t, s, "echo ${#x}", "5000000\n", 0)
}
