//go:build linux

package shell

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// needReuse has the pool hand the same group out again and again.
func needReuse(t *testing.T) {
	t.Helper()
	needGroups(t)
	if controlGroups.counts {
		t.Skip("no group is used twice where the kernel counts memory, processes or storage for it")
	}
}

// ran is a process that has ended by itself, and has been reaped.
func ran(t *testing.T, script string) (*Process, Exit) {
	t.Helper()
	p, err := Start(Command{Argv: Script(script), Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	exit := p.Run(lines{make(chan string, 8)})
	<-p.OutputDone()
	return p, exit
}

// isSpare reports whether a group waits for the next process.
func isSpare(path string) bool {
	controlGroups.mu.Lock()
	defer controlGroups.mu.Unlock()
	for _, c := range controlGroups.spare {
		if c.path == path {
			return true
		}
	}
	return false
}

// The group of who has ended by himself and left nobody goes to the next one, whose own is what he has used, and who
// cannot be reached by way of the one before.
func TestGroupPool_NextInTheGroup(t *testing.T) {
	needReuse(t)
	const burn = `i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done`
	first, spent := ran(t, burn)
	before := first.child.group
	controlGroups.tending.Wait() // on a kernel where a process is a member until it is switched away
	if !isSpare(before.path) {
		t.Skipf("the group of a process that was reaped is not empty yet: %s", before.path)
	}
	second, err := Start(Command{Argv: Script("echo on; read -r go"), Env: os.Environ(), Stdin: openInput(t)})
	if err != nil {
		t.Fatal(err)
	}
	out := lines{make(chan string, 1)}
	exit := make(chan Exit, 1)
	go func() { exit <- second.Run(out) }()
	t.Cleanup(func() { second.Kill(); <-second.OutputDone() })
	<-out.ch
	if second.child.group.path != before.path {
		t.Fatalf("the second process is in %s, the first was in %s", second.child.group.path, before.path)
	}
	if u, living, ok := second.Usage(); !ok || living != 1 || u.User+u.System >= spent.Usage.User+spent.Usage.System {
		t.Errorf("the second has used %+v (%d processes, %v), the first %+v", u, living, ok, spent.Usage)
	}
	first.Kill()
	before.kill()
	before.freeze(true)
	if pids := before.pids(); len(pids) > 0 {
		t.Errorf("the first has %v in its group", pids)
	}
	if n := first.Stop(t.Context(), syscall.SIGKILL, time.Second); n != 0 {
		t.Errorf("ended %d processes of who had none", n)
	}
	select {
	case e := <-exit:
		t.Errorf("the second was ended by the first one's end: %s", e)
	default:
	}
	if err := second.Signal(syscall.SIGTERM); err != nil { // which who is frozen would not take
		t.Error(err)
	}
	if e := <-exit; e.Signal != syscall.SIGTERM {
		t.Errorf("the second: %s", e)
	}
}

// openInput is a pipe to which nobody writes until the test ends.
func openInput(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	return r
}

// A group that is not as it was made goes to nobody.
func TestGroupPool_NotPassedOn(t *testing.T) {
	needReuse(t)
	for name, spoil := range map[string]func(*cgroup) error{
		"killed": func(c *cgroup) error { c.kill(); return nil },
		"frozen": func(c *cgroup) error { c.freeze(true); return nil },
		"thawed": func(c *cgroup) error { c.freeze(true); c.freeze(false); return nil },
		"frozen by others": func(c *cgroup) error {
			return os.WriteFile(filepath.Join(c.path, "cgroup.freeze"), []byte("1"), 0)
		},
		"with groups below": func(c *cgroup) error { return os.Mkdir(filepath.Join(c.path, "below"), 0o755) },
		"given away":        func(c *cgroup) error { return os.Chown(c.path, 1, -1) },
		"opened to others":  func(c *cgroup) error { return os.Chmod(c.path, 0o777) },
	} {
		c := controlGroups.takeNew()
		if err := spoil(c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		controlGroups.give(c)
		controlGroups.tending.Wait()
		if isSpare(c.path) {
			t.Errorf("%s: waits for the next process", name)
		}
		if _, err := os.Stat(c.path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: is left: %v", name, err)
		}
	}
}

// A group with somebody in it stays with the process that he belongs to, which can still reach him.
func TestGroupPool_Survivor(t *testing.T) {
	needReuse(t)
	p, err := Start(Command{Argv: Script("env -i setsid sleep 600 >&- 2>&- & echo $!"), Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	out := lines{make(chan string, 4)}
	p.Run(out)
	controlGroups.tending.Wait()
	pid, err := strconv.Atoi(<-out.ch)
	if err != nil {
		t.Fatal(err)
	}
	group := p.child.group
	if isSpare(group.path) {
		t.Fatalf("a group waits for the next process, and %v is in it", group.pids())
	}
	for range mostSpare + 1 { // whoever comes is born elsewhere
		other, _ := ran(t, "true")
		if other.child.group.path == group.path {
			t.Fatal("another one was born in the group")
		}
	}
	if got := group.pids(); len(got) != 1 || got[0] != pid {
		t.Errorf("in the group: %v, want %d", got, pid)
	}
	p.Kill()
	for len(group.pids()) > 0 { // the kernel ends them in its own time
		continue
	}
}

// However many come at a time, each has a group to itself, and no more are kept than may be.
func TestGroupPool_ManyAtATime(t *testing.T) {
	needReuse(t)
	for range 2 {
		paths := map[string]bool{}
		var all []*Process
		for range 2 * mostSpare {
			p, err := Start(Command{Argv: []string{"cat"}, Env: os.Environ(), Stdin: openInput(t)})
			if err != nil {
				t.Fatal(err)
			}
			if paths[p.child.group.path] {
				t.Fatalf("two processes in %s", p.child.group.path)
			}
			paths[p.child.group.path] = true
			all = append(all, p)
		}
		for _, p := range all {
			_ = p.Signal(syscall.SIGTERM) // it runs: the signal comes
			p.Run(lines{make(chan string, 1)})
			<-p.OutputDone()
		}
		controlGroups.tending.Wait()
		if n := len(controlGroups.spare); n > mostSpare {
			t.Errorf("%d groups wait", n)
		}
	}
}

// A group in which nobody can be born any more costs the next process nothing but another attempt.
func TestGroupPool_Unusable(t *testing.T) {
	needReuse(t)
	var err error
	c := controlGroups.takeNew()
	next := c.pass()
	if next == nil {
		t.Fatal("a new group is not passed on")
	}
	_ = unix.Close(next.dir)
	if next.dir, err = unix.Open(t.TempDir(), unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err != nil {
		t.Fatal(err)
	}
	held := controlGroups.take() // which leaves a place
	defer controlGroups.give(held)
	if !controlGroups.keep(next) {
		t.Fatal("there are too many groups")
	}
	p, exit := ran(t, "true")
	if exit.Code != 0 || p.child.group == nil || p.child.group.path == next.path {
		t.Errorf("%s, in %+v", exit, p.child.group)
	}
	controlGroups.tending.Wait()
	if _, err := os.Stat(next.path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the group is left: %v", err)
	}
	needGroups(t)
}

// A group whose counter cannot be read would have the next process pay for those before it.
func TestGroupPool_CounterUnreadable(t *testing.T) {
	needReuse(t)
	held := controlGroups.take() // which leaves a place
	defer controlGroups.give(held)
	next := controlGroups.takeNew().pass()
	if next == nil || !controlGroups.keep(next) {
		t.Fatal("a new group is not passed on")
	}
	_ = unix.Close(next.stat)
	next.stat = -1
	c := controlGroups.take()
	if c == nil || c.path == next.path {
		t.Fatalf("a process would be born in %+v", c)
	}
	controlGroups.give(c)
	controlGroups.tending.Wait()
	if _, err := os.Stat(next.path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the group is left: %v", err)
	}
}
