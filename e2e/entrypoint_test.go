package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"
)

// withCommand prepares execd with a command beside it.
func withCommand(tb testing.TB, env, flags []string, command ...string) *daemon {
	tb.Helper()
	return prepare(tb, tb.TempDir(), env, append(append(flags, "--init", "--"), command...)...)
}

// under has another program start what was prepared.
func (d *daemon) under(tb testing.TB, argv ...string) *daemon {
	tb.Helper()
	path, err := exec.LookPath(argv[0])
	must(tb, err)
	d.cmd.Args = append(argv, d.cmd.Args...)
	d.cmd.Path = path
	return d
}

// runs starts what was prepared. Its end is the test's to wait for, with leaves.
func (d *daemon) runs(tb testing.TB) {
	tb.Helper()
	if d.cmd.Stdout == nil {
		d.cmd.Stdout = &d.stdout
	}
	d.cmd.Stderr = &d.stderr
	must(tb, d.cmd.Start())
	d.pid = d.cmd.Process.Pid
	go func() {
		_ = d.cmd.Wait() // its status is in ProcessState
		close(d.exited)
	}()
	tb.Cleanup(func() {
		select {
		case <-d.exited:
		default:
			tb.Errorf("it goes on: %s", d.stderr.String())
			killAll(processesWith(d.marker))
			<-d.exited
		}
	})
}

// listens waits until execd has said where it listens, on either stream.
func (d *daemon) listens(tb testing.TB) {
	tb.Helper()
	eventually(tb, "execd to say where it listens", func() bool {
		m := announcement.FindStringSubmatch(d.stdout.String() + d.stderr.String())
		if m != nil {
			d.url, d.addr = m[1], m[2]
		}
		return m != nil
	})
}

// says waits until the command has printed a text.
func (d *daemon) says(tb testing.TB, text string) {
	tb.Helper()
	eventually(tb, "the command to say "+text, func() bool { return strings.Contains(d.stdout.String(), text) })
}

// leaves waits for the end and checks its status, and that nothing else is left.
func (d *daemon) leaves(tb testing.TB, status int) {
	tb.Helper()
	if got := d.wait(tb); got != status {
		tb.Errorf("%q: exit status %d (%v), want %d; stderr: %s", d.cmd.Args, got, d.cmd.ProcessState, status, d.stderr.String())
	}
	if left := processesWith(d.marker); len(left) > 0 {
		tb.Errorf("processes left behind: %v", left)
		killAll(left)
	}
	for _, dir := range []string{d.state, d.tmp} {
		if left := filesIn(tb, dir); len(left) > 0 {
			tb.Errorf("left behind in %s: %v", dir, left)
		}
	}
}

// The command's status is that of execd, and standard input and output are the command's alone.
func TestEntrypoint_Status(t *testing.T) {
	t.Parallel()
	plain := filepath.Join(t.TempDir(), "plain")
	must(t, os.WriteFile(plain, []byte("no program"), 0o600))
	for _, c := range []struct {
		command []string
		printed string
		status  int
	}{
		{[]string{"true"}, "", 0},
		{[]string{"cat"}, "typed", 0},
		{[]string{"sh", "-c", "echo out; echo err >&2; exit 7", "sh", "--", "--init"}, "out\n", 7},
		{[]string{"sh", "-c", `printf '%s|' "$@"`, "sh", "--", "--init", "a b"}, "--|--init|a b|", 0},
		{[]string{"sh", "-c", "kill -KILL $$"}, "", 137},
		{[]string{"sh", "-c", "kill -TERM $$"}, "", 143},
		{[]string{"sh", "-c", "sleep 1000 & setsid sleep 1000 & exit 5"}, "", 5},
		{[]string{"no-such-program"}, "", 127},
		{[]string{"/no/such/program"}, "", 127},
		{[]string{plain}, "", 126},
	} {
		d := withCommand(t, nil, nil, c.command...)
		d.cmd.Stdin = strings.NewReader("typed")
		d.runs(t)
		d.leaves(t, c.status)
		if d.stdout.String() != c.printed {
			t.Errorf("%q printed %q, want %q", c.command, d.stdout.String(), c.printed)
		}
	}
	if _, stderr, status := execute(t, nil, "--", "true"); status != 2 || !strings.Contains(stderr, "--init") {
		t.Errorf("without --init: status %d, %q", status, stderr)
	}
}

// Where no file for the log is given it goes to standard error, because the output is the command's.
func TestEntrypoint_Log(t *testing.T) {
	t.Parallel()
	stdout, stderr, status := execute(t, nil, "--host", "127.0.0.1", "--port", "0", "--init", "--", "echo", "hello")
	if stdout != "hello\n" || status != 0 || !strings.Contains(stderr, "execd listens") {
		t.Errorf("status %d, %q, %q", status, stdout, stderr)
	}
}

// execd serves while the command runs, and ends what runs with a terminal event when the command has ended.
func TestEntrypoint_Serves(t *testing.T) {
	t.Parallel()
	g, wait := newGate(t)
	const secret = "zq81vk7c"
	d := withCommand(t, []string{"EXECD_ACCESS_TOKEN=" + secret}, nil, "sh", "-c", "env; "+wait+"; exit 3")
	d.token = secret
	d.runs(t)
	d.listens(t)
	d.command(t, "true").ends(t, success)
	s := d.openCommand(t, "echo begun; sleep 1000")
	s.untilText(t, "begun")
	g.open(t)
	s.rest(t).ends(t, byShutdown("SIGTERM", 143))
	d.leaves(t, 3)
	if env := d.stdout.String(); strings.Contains(env, secret) || !strings.Contains(env, d.marker) {
		t.Errorf("the command's environment: %s", env)
	}
}

// tells prints the signals that it gets, and ends with 3 on SIGTERM.
const tells = `for s in HUP INT QUIT USR1 USR2 ALRM CONT WINCH; do trap "echo SIG$s" $s; done
trap 'echo SIGTERM; exit 3' TERM
sleep 1000 & echo ready
while :; do wait; done`

func TestEntrypoint_Signals(t *testing.T) {
	t.Parallel()
	d := withCommand(t, nil, nil, "bash", "-c", tells)
	d.runs(t)
	d.says(t, "ready")
	for _, sig := range []syscall.Signal{
		syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
		syscall.SIGALRM, syscall.SIGCONT, syscall.SIGWINCH, syscall.SIGINT, syscall.SIGTERM,
	} {
		before := strings.Count(d.stdout.String(), "SIG")
		d.signal(t, sig)
		eventually(t, fmt.Sprintf("%v to arrive", sig), func() bool { return strings.Count(d.stdout.String(), "SIG") > before })
	}
	d.leaves(t, 3)
	const want = "ready\nSIGHUP\nSIGINT\nSIGQUIT\nSIGUSR1\nSIGUSR2\nSIGALRM\nSIGCONT\nSIGWINCH\nSIGINT\nSIGTERM\n"
	if d.stdout.String() != want {
		t.Errorf("heard %q, want %q", d.stdout.String(), want)
	}
}

// A command that does not heed SIGTERM is killed after the window, or at the second one.
func TestEntrypoint_Stubborn(t *testing.T) {
	t.Parallel()
	const stubborn = "trap 'echo heard' TERM; echo ready; while :; do sleep 1000 & wait; done"
	d := withCommand(t, nil, []string{"--graceful-shutdown-timeout", "100ms"}, "bash", "-c", stubborn)
	d.runs(t)
	d.says(t, "ready")
	d.signal(t, syscall.SIGTERM)
	d.leaves(t, 137)
	impatient := withCommand(t, nil, []string{"--graceful-shutdown-timeout", "1h"}, "bash", "-c", stubborn)
	impatient.runs(t)
	impatient.says(t, "ready")
	impatient.signal(t, syscall.SIGTERM)
	impatient.says(t, "heard")
	impatient.signal(t, syscall.SIGTERM)
	impatient.leaves(t, 137)
}

// A terminal is the command's: Ctrl-C goes to it and not to execd.
func TestEntrypoint_Terminal(t *testing.T) {
	t.Parallel()
	d := withCommand(t, nil, nil, "bash", "-c", "trap 'echo heard; exit 5' INT; test -t 0 && echo ready; while :; do read -r _; done")
	master, slave, err := pty.Open()
	must(t, err)
	t.Cleanup(func() { _ = master.Close() })
	d.cmd.Stdin, d.cmd.Stdout = slave, slave
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	go func() {
		buf := make([]byte, 1024)
		for {
			n, err := master.Read(buf)
			if err != nil {
				return // nobody holds the other side any more
			}
			_, _ = d.stdout.Write(buf[:n])
		}
	}()
	d.runs(t)
	must(t, slave.Close())
	d.says(t, "ready")
	_, err = master.WriteString("\x03")
	must(t, err)
	d.leaves(t, 5)
	d.says(t, "heard")
}

// As process 1 of a container: no zombie is left, signals arrive, and all of the tree ends.
func TestEntrypoint_Process1(t *testing.T) {
	t.Parallel()
	isolate := []string{"unshare", "--pid", "--fork", "--mount-proc"}
	if out, err := exec.CommandContext(t.Context(), isolate[0], append(isolate[1:], "true")...).CombinedOutput(); err != nil {
		t.Skipf("no pid namespace may be made here: %v: %s", err, out)
	}
	const script = `echo parent $PPID
for i in 1 2 3 4 5; do (true &); (setsid sleep 0.01 &); done
setsid sleep 1000 &
zombies() { grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l; }
while [ "$(zombies)" != 0 ] || pgrep -fx 'sleep 0.01' >/dev/null; do sleep 0.1; done
` + tells
	d := prepare(t, t.TempDir(), nil, "--", "bash", "-c", script).under(t, isolate...) // without --init: process 1 is one
	d.runs(t)
	d.says(t, "parent 1\nready\n")
	d.listens(t)
	a := d.ok(t, http.MethodPost, "/command", object{"command": "cut -d' ' -f4 /proc/$$/stat; (setsid sleep 1000 &)"})
	if !strings.Contains(a.body, `"text":"1"`) {
		t.Errorf("execd is not process 1: %s", a.body)
	}
	first := childOf(t, d.pid)
	must(t, syscall.Kill(first, syscall.SIGUSR1))
	d.says(t, "SIGUSR1")
	must(t, syscall.Kill(first, syscall.SIGTERM))
	d.leaves(t, 3)
}

// childOf is the only child of a process.
func childOf(tb testing.TB, pid int) int {
	tb.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", pid))
	must(tb, err)
	children := strings.Fields(string(text))
	if len(children) != 1 {
		tb.Fatalf("%d has the children %v", pid, children)
	}
	child, err := strconv.Atoi(children[0])
	must(tb, err)
	return child
}

// EXECD_INIT takes what bootstrap.sh takes for a yes.
func TestEntrypoint_Variable(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]int{"yes": 4, "ON": 4, "1": 4, "true": 4, "off": 2, "0": 2, "perhaps": 2} {
		_, _, status := execute(t, []string{"EXECD_INIT=" + value}, "--host", "127.0.0.1", "--port", "0", "--", "sh", "-c", "exit 4")
		if status != want {
			t.Errorf("EXECD_INIT=%s: status %d, want %d", value, status, want)
		}
	}
}
