//go:build linux

package shell

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

type lines struct{ ch chan string }

func (l lines) Output(_ Stream, p []byte) {
	for line := range strings.Lines(string(p)) {
		l.ch <- strings.TrimSpace(line)
	}
}

// escape starts a process that loses its parent, its session and its
// environment, and returns its id: nothing but the group tells whose it is.
func escape(t *testing.T) (*Process, int) {
	t.Helper()
	text := `env -i setsid sh -c '(setsid sh -c "echo \$\$; exec /bin/sleep 600 >&-" &)'; sleep 600`
	p, err := Start(Command{Argv: Script(text), Env: os.Environ(), ID: "escape"})
	if err != nil {
		t.Fatal(err)
	}
	out := lines{make(chan string, 1)}
	done := make(chan struct{})
	go func() { defer close(done); p.Run(out) }()
	t.Cleanup(func() { p.Kill(); <-done; <-p.OutputDone() })
	pid, err := strconv.Atoi(<-out.ch)
	if err != nil {
		t.Fatal(err)
	}
	return p, pid
}

func needGroups(t *testing.T) {
	t.Helper()
	c := controlGroups.take()
	if c == nil {
		t.Skip("this process may make no control groups here")
	}
	controlGroups.give(c)
	controlGroups.tending.Wait()
}

func TestCgroup_NobodyEscapes(t *testing.T) {
	needGroups(t)
	p, pid := escape(t)
	if n := p.Stop(t.Context(), syscall.SIGTERM, 0); n != 2 {
		t.Errorf("ended %d processes, not the leader and who escaped", n)
	}
	if s, ok := readStat(pid, make([]byte, 1024)); ok && !s.zombie {
		t.Errorf("%d lives", pid)
	}
}

func TestCgroup_KillReachesAll(t *testing.T) {
	needGroups(t)
	p, pid := escape(t)
	group := p.child.group
	p.Kill()
	<-p.exited
	for len(group.pids()) > 0 { // the kernel ends them in its own time
		continue
	}
	if s, ok := readStat(pid, make([]byte, 1024)); ok && !s.zombie {
		t.Errorf("%d lives", pid)
	}
}

// The end of a session reaches what a shell before the present one has left
// behind without a mark.
func TestCgroup_OfFormerShell(t *testing.T) {
	needGroups(t)
	s, err := NewSession(SessionConfig{ID: "session-" + t.Name(), Dir: t.TempDir(), Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	out := lines{make(chan string, 1)}
	text := "env -i setsid sh -c 'echo $$; exec /bin/sleep 600' & exit 3"
	if exit, _, err := s.Run(Run{ID: "run", Script: text}, out); err != nil || exit.Code != 3 {
		t.Errorf("%v, %v", exit, err)
	}
	pid, err := strconv.Atoi(<-out.ch)
	if err != nil {
		t.Fatal(err)
	}
	if n := s.Close(t.Context()); n != 1 {
		t.Errorf("ended %d processes", n)
	}
	if s, ok := readStat(pid, make([]byte, 1024)); ok && !s.zombie {
		t.Errorf("%d lives", pid)
	}
}

// A group goes when nobody is in it any more, also when that is long after
// its leader's end, and with what has been made below it.
func TestCgroup_Removed(t *testing.T) {
	needGroups(t)
	sleeper, err := Start(Command{Argv: Script("sleep 600 >&- 2>&- &"), Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	path := sleeper.child.group.path
	if err := os.Mkdir(filepath.Join(path, "below"), 0o755); err != nil {
		t.Fatal(err)
	}
	sleeper.Run(lines{make(chan string, 1)})
	controlGroups.tending.Wait()
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("the group of a process that lives is gone: %v", err)
	}
	sleeper.Stop(t.Context(), syscall.SIGKILL, 0)
	for range len(controlGroups.outlived) + 1 { // whenever one is removed another is looked after
		c := controlGroups.takeNew()
		c.mar()
		controlGroups.give(c)
		controlGroups.tending.Wait()
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the group is left: %v", err)
	}
}

func TestGroupPath(t *testing.T) {
	t.Parallel()
	const hybrid = "30 23 0:26 / /sys/fs/cgroup/unified rw,relatime - cgroup2 none rw\n"
	const bound = "31 23 0:26 /docker/1 /sys/fs/cgroup ro shared:9 - cgroup2 cgroup rw\n"
	for _, c := range []struct{ mounts, group, path string }{
		{hybrid, "/", "/sys/fs/cgroup/unified"},
		{hybrid, "/a/b", "/sys/fs/cgroup/unified/a/b"},
		{"29 1 0:5 / /proc rw - proc none rw\n" + bound, "/docker/1/c", "/sys/fs/cgroup/c"},
		{bound, "/docker/1", "/sys/fs/cgroup"},
		{bound, "/elsewhere", ""},
		{"", "/", ""},
		{"garbage - cgroup2\n - \n", "/", ""},
	} {
		path, err := groupPath(c.mounts, c.group)
		if path != c.path || (err == nil) != (c.path != "") {
			t.Errorf("%q in %q: %q, %v", c.group, c.mounts, path, err)
		}
	}
}

// Where the system does not let a process be born in a group it is born
// without one, and what is wrong with the program itself is told as ever.
func TestFork_WithoutGroup(t *testing.T) {
	needGroups(t)
	_, _, err := forkInGroup("/nowhere/nothing", []string{"nothing"}, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{}})
	if !errors.Is(err, syscall.ENOENT) {
		t.Errorf("%v", err)
	}
	if c := controlGroups.take(); c == nil {
		t.Error("a missing program has ended the groups")
	} else {
		controlGroups.give(c)
	}
}

// Only what an old or closed system says ends the use of groups: not that it
// is short of processes or memory for a moment.
func TestFork_PassingErrors(t *testing.T) {
	for err, want := range map[error]bool{
		syscall.EAGAIN: true, syscall.ENOMEM: true, &os.PathError{Op: "fork", Err: syscall.ETXTBSY}: true,
		syscall.EINVAL: false, syscall.ENOSYS: false, syscall.EPERM: false, syscall.EOPNOTSUPP: false,
	} {
		if got := passes(err); got != want {
			t.Errorf("%v passes: %v", err, got)
		}
	}
}

func TestCgroup_OwnIsFound(t *testing.T) {
	t.Parallel()
	own, err := ownGroup()
	if err != nil {
		t.Skip(err)
	}
	f, err := os.Open(filepath.Join(own, "cgroup.procs"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read from
	for in := bufio.NewScanner(f); in.Scan(); {
		if in.Text() == strconv.Itoa(os.Getpid()) {
			return
		}
	}
	t.Errorf("this process is not in %s", own)
}
