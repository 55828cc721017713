package e2e_test

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// kernelDeaths: a kernel that dies ends its run, says so, and the next run has a fresh one. The last is what the kernel of
// the system does when there is no memory left.
func kernelDeaths(t *testing.T, d *daemon, _ string) {
	t.Helper()
	id := d.newContext(t).ID
	const pidFirst = "import os; print(os.getpid(), end='', flush=True)\n"
	for name, code := range map[string]string{
		"exits":           pidFirst + "os._exit(0)",
		"crashes":         pidFirst + "import ctypes; ctypes.string_at(0)",
		"is killed":       pidFirst + "while True: pass",
		"kills itself":    pidFirst + "os.kill(os.getpid(), 9)",
		"while it sleeps": pidFirst + "import time; time.sleep(1000)",
	} {
		d.code(t, in(id, "x = 1")).ends(t, cellDone)
		s := d.openCode(t, in(id, code))
		if name == "is killed" || strings.HasPrefix(name, "while") {
			out := s.until(t, "its pid", func(e event) bool { return e.Type == "stdout" })
			pid, err := strconv.Atoi(out.Text)
			must(t, err)
			must(t, syscall.Kill(pid, syscall.SIGKILL))
		}
		end := s.rest(t).last()
		if end.Error == nil || end.Error.Name != "KernelDied" || end.Error.Value == "" || end.Reason != "kernel died" {
			t.Errorf("%s: it ended with %s", name, end.Raw)
		}
		r := d.code(t, in(id, "'x' in globals()"))
		checkResult(t, r, "False")
		if st := r.of("status"); len(st) == 0 || st[0].Status != "kernel_restarted" {
			t.Errorf("%s: the next run is not told of the loss: %+v", name, st)
		}
	}
}

// kernelMemory: a kernel with too little memory says so in its language, and goes on.
func kernelMemory(t *testing.T, d *daemon, _ string) {
	t.Helper()
	id := d.newContext(t).ID
	r := d.code(t, in(id, "import resource\nresource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))\nx = bytearray(8 << 30)"))
	if end := r.last(); end.Error == nil || end.Error.Name != "MemoryError" {
		t.Errorf("it ended with %s", end.Raw)
	}
	checkResult(t, d.code(t, in(id, "'x' in globals(), 6 * 7")), "(False, 42)")
}

// kernelFlood: what a cell prints as fast as it can comes whole and in order, and the context goes on.
func kernelFlood(t *testing.T, d *daemon, id string) {
	t.Helper()
	const lines, size = 3000, 2000
	r := d.code(t, in(id, fmt.Sprintf("for i in range(%d): print(str(i).rjust(%d), flush=True)", lines, size)))
	r.ends(t, cellDone)
	got := strings.Split(r.output(), "\n")
	if len(got) != lines+1 {
		t.Fatalf("%d lines of %d", len(got)-1, lines)
	}
	for i, line := range got[:lines] {
		if len(line) != size || strings.TrimSpace(line) != strconv.Itoa(i) {
			t.Fatalf("line %d is %q", i, line)
		}
	}
	if dropped := r.of("status"); len(dropped) != 0 {
		t.Errorf("%+v", dropped)
	}
	checkResult(t, d.code(t, in(id, "6 * 7")), "42")
}

// kernelDeaf: code that ignores its interrupt is ended with its kernel, for the reason that asked for it.
func kernelDeaf(t *testing.T, d *daemon, _ string) {
	t.Helper()
	id := d.newContext(t).ID
	body := in(id, "while True:\n    try:\n        while True: pass\n    except BaseException: pass")
	body["timeout"] = 100
	if end := d.code(t, body).last(); end.Error == nil || end.Reason != "timeout" {
		t.Errorf("it ended with %s", end.Raw)
	}
	checkResult(t, d.code(t, in(id, "6 * 7")), "42")
}

// TestFault_JupyterDies: the death of a Jupyter server ends what runs there, truthfully, and its contexts say that they
// are gone; the server that comes in its place serves new ones.
func TestFault_JupyterDies(t *testing.T) {
	t.Parallel()
	j := startJupyter(t)
	d := j.daemon(t)
	id := d.newContext(t).ID
	s := d.openCode(t, in(id, "print('begun', end='', flush=True)\nwhile True: pass"))
	s.untilText(t, "begun")
	waits := d.openCode(t, in(id, "print('never')"))
	j.stop(t, syscall.SIGKILL)
	for _, s := range []*stream{s, waits} {
		r := s.rest(t)
		if end := r.last(); end.Error == nil || len(r.stdout()) != 0 {
			t.Errorf("it ended with %s", end.Raw)
		}
	}
	if end := d.code(t, in(id, "1")).last(); end.Error == nil {
		t.Errorf("without a server, code ends with %s", end.Raw)
	}
	j.launch(t)
	eventually(t, "the news that the context is dead", func() bool {
		c := get[codeContext](t, d, "/code/contexts/"+id)
		return c.State == "dead"
	})
	checkResult(t, d.code(t, in(id, "6 * 7")), "42")
}
