package shell_test

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"execd/shell"
)

func TestProcess_StopPolitely(t *testing.T) {
	p, out, exit := running(t, script("trap 'echo bye; exit 9' TERM; echo ready; while :; do sleep 0.05; done"))
	out.until(t, shell.Stdout, func(s string) bool { return s == "ready\n" })
	p.Stop(t.Context(), syscall.SIGTERM, patience)
	if e := wait(t, exit); e.Code != 9 || out.get(shell.Stdout) != "ready\nbye\n" {
		t.Errorf("%v after %q", e, out.get(shell.Stdout))
	}
}

func TestProcess_StopWhatIgnoresIt(t *testing.T) {
	p, out, exit := running(t, script("trap '' TERM; echo ready; while :; do sleep 0.05; done"))
	out.until(t, shell.Stdout, func(s string) bool { return s == "ready\n" })
	p.Stop(t.Context(), syscall.SIGTERM, 50*time.Millisecond)
	if e := wait(t, exit); e.SignalName() != "SIGKILL" {
		t.Errorf("%v", e)
	}
}

// pids are those that a script has printed, one a line.
func pids(t *testing.T, text string) []int {
	t.Helper()
	var all []int
	for f := range strings.FieldsSeq(text) {
		n, err := strconv.Atoi(f)
		if err != nil {
			t.Fatalf("%q is no pid", f)
		}
		all = append(all, n)
	}
	return all
}

// lives reports whether a process runs: a zombie does not.
func lives(pid int) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(text), ") ")
	return !strings.HasPrefix(after, "Z") && !strings.HasPrefix(after, "X")
}

// Each script prints the pids of descendants that try to get away.
func TestProcess_StopEverything(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		count  int
	}{
		"children":             {"sleep 600 & echo $!; sleep 600 & echo $!; wait", 2},
		"other group":          {"set -m; sleep 600 & echo $!; wait", 1},
		"other session":        {"setsid sh -c 'echo $$; exec sleep 600' & wait", 1},
		"double fork":          {"(setsid sh -c 'sh -c \"echo \\$\\$; exec sleep 600\" & exit' &) ; sleep 600", 1},
		"ignores":              {"setsid sh -c 'trap \"\" TERM INT HUP; echo $$; while :; do sleep 1; done' & wait", 1},
		"without the marker":   {"env -i setsid sh -c 'echo $$; exec /bin/sleep 600' & wait", 1},
		"ignores, no marker":   {"env -i setsid sh -c 'trap \"\" TERM; echo $$; while :; do sleep 1; done' & wait", 1},
		"stopped":              {"setsid sh -c 'echo $$; kill -STOP $$; sleep 600' & wait", 1},
		"parent already ended": {"(setsid sh -c 'echo $$; exec sleep 600' &) ; sleep 600", 1},
	} {
		t.Run(name, func(t *testing.T) {
			command := script(c.script)
			command.ID = "stop " + name
			p, out, exit := running(t, command)
			text := out.until(t, shell.Stdout, func(s string) bool { return strings.Count(s, "\n") == c.count })
			if n := p.Stop(t.Context(), syscall.SIGTERM, 100*time.Millisecond); n < c.count+1 {
				t.Errorf("ended only %d processes", n)
			}
			for _, pid := range pids(t, text) {
				if lives(pid) {
					t.Errorf("%d lives", pid)
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			}
			wait(t, exit)
			wait(t, p.OutputDone())
		})
	}
}

// After the end of the leader its group may be signalled as long as it lives,
// and nobody else may be.
func TestProcess_StopLeftovers(t *testing.T) {
	p, out, exit := running(t, script("sleep 600 & echo $!"))
	wait(t, exit)
	pid := pids(t, out.get(shell.Stdout))[0]
	if err := p.Signal(0); err != nil || !lives(pid) {
		t.Fatalf("the child is gone: %v", err)
	}
	if n := p.Stop(t.Context(), syscall.SIGTERM, patience); n != 1 || lives(pid) {
		t.Errorf("ended %d processes", n)
	}
	if err := p.Signal(syscall.SIGTERM); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("a group that is gone: %v", err)
	}
}

// A storm of processes that start others faster than they are found.
func TestProcess_StopForkStorm(t *testing.T) {
	c := script(`storm() { for i in 1 2 3 4 5 6 7 8; do (setsid bash -c 'while :; do sleep 0.01 & sleep 0.01; done' &) ; done; }
		storm && storm
		echo ready
		sleep 600`)
	c.ID = "storm"
	p, out, exit := running(t, c)
	out.until(t, shell.Stdout, func(s string) bool { return s == "ready\n" })
	if n := p.Stop(t.Context(), syscall.SIGKILL, 0); n < 17 {
		t.Errorf("ended only %d processes", n)
	}
	wait(t, exit)
	if n := p.Stop(t.Context(), syscall.SIGKILL, 0); n != 0 {
		t.Errorf("%d were left", n)
	}
	wait(t, p.OutputDone())
}

func TestProcess_StopAndExitAtOnce(t *testing.T) {
	for range 50 {
		p, _, exit := running(t, script("exit 3"))
		done := make(chan struct{})
		go func() {
			defer close(done)
			p.Stop(t.Context(), syscall.SIGTERM, patience)
		}()
		if e := wait(t, exit); e.Code != 3 && e.SignalName() != "SIGTERM" {
			t.Fatalf("%v", e)
		}
		wait(t, done)
	}
}

func TestSignals(t *testing.T) {
	for _, name := range []string{"SIGTERM", "sigterm", "TERM", "term"} {
		if sig, err := shell.ParseSignal(name); err != nil || sig != syscall.SIGTERM {
			t.Errorf("%s: %v, %v", name, sig, err)
		}
	}
	if _, err := shell.ParseSignal("SIGNOTHING"); err == nil {
		t.Error("SIGNOTHING is a signal")
	}
	if got := shell.SignalName(syscall.Signal(64)); got != "SIG64" {
		t.Error(got)
	}
}

// Who is stopped takes the polite signal all the same, and does not have to be
// killed after the grace.
func TestProcess_StopPolitelyWhatIsStopped(t *testing.T) {
	for name, text := range map[string]string{
		"of the group": "sh -c '%s' & wait",
		"of another":   "setsid sh -c '%s' & wait; sleep 600",
	} {
		c := script(strings.ReplaceAll(text, "%s", `trap "echo bye; exit" TERM; echo $$; kill -STOP $$; while :; do sleep 0.05; done`))
		c.ID = "stopped " + name
		p, out, exit := running(t, c)
		stopped := out.until(t, shell.Stdout, func(s string) bool { return strings.HasSuffix(s, "\n") })
		untilState(t, pids(t, stopped)[0], "T")
		p.Stop(t.Context(), syscall.SIGTERM, patience)
		wait(t, exit)
		wait(t, p.OutputDone())
		if got := out.get(shell.Stdout); got != stopped+"bye\n" {
			t.Errorf("%s: it said %q, want that it was told", name, got)
		}
	}
}

// untilState waits for a process to be in a state, as ps(1) calls it.
func untilState(t *testing.T, pid int, state string) {
	t.Helper()
	for late := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if _, after, _ := strings.Cut(string(text), ") "); err == nil && strings.HasPrefix(after, state) {
			return
		}
		if time.Now().After(late) {
			t.Fatalf("process %d does not come into state %s: %q, %v", pid, state, text, err)
		}
	}
}
