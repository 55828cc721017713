package e2e_test

import (
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A restart keeps the id, the working directory and the variables of the environment, and nothing else.
func TestContext_Restarted(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t)
	dir := filepath.Join(d.dir, "work")
	id := d.newContext(t, object{"cwd": dir, "envs": object{"OF_ONE": "yes"}}).ID
	d.code(t, in(id, "x = 1; import os; os.chdir('/')")).ends(t, cellDone)
	old := d.kernels()
	running := d.openCode(t, in(id, "print('begun')\nwhile True: pass"))
	running.untilText(t, "begun\n")
	waiting := d.openCode(t, in(id, "print('never')"))
	waiting.until(t, "queued", func(e event) bool { return e.Status == "queued" })
	if c := post[codeContext](t, d, "/code/contexts/"+id+"/restart", nil); c.ID != id || c.State != "idle" || c.Cwd != dir {
		t.Errorf("restarted is %+v", c)
	}
	for _, s := range []*stream{running, waiting} {
		r := s.rest(t)
		if end := r.last(); end.Error == nil || end.Error.Name != "KernelRestarted" || end.Reason != "restarted" || len(r.stdout()) != 0 {
			t.Errorf("it ended with %s", end.Raw)
		}
	}
	if now := d.kernels(); len(now) != 1 || len(old) != 1 || now[0].pid == old[0].pid {
		t.Errorf("kernels were %v and are %v", old, now)
	}
	r := d.code(t, in(id, "import os; print('x' in globals(), os.getcwd(), os.environ['OF_ONE'])"))
	if r.output() != "False "+dir+" yes\n" {
		t.Errorf("%q: %s", r.output(), r.last().Raw)
	}
	if st := r.of("status"); len(st) == 0 || st[0].Status != "kernel_restarted" || st[0].Reason != "restarted" {
		t.Errorf("the next run is told %+v", st)
	}
	d.fails(t, http.StatusNotFound, "CONTEXT_NOT_FOUND", http.MethodPost, "/code/contexts/x/restart", nil)
}

// The kernel of a context that nobody uses ends; the context does not.
func TestContext_Unused(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t, "--context-idle", "50ms")
	id := d.newContext(t).ID
	eventually(t, "the end of the kernel", func() bool { return len(d.kernels()) == 0 })
	if c := get[codeContext](t, d, "/code/contexts/"+id); c.State != "dead" {
		t.Errorf("%+v", c)
	}
	r := d.code(t, in(id, "1 + 1"))
	checkResult(t, r, "2")
	if st := r.of("status"); len(st) == 0 || st[0].Status != "kernel_restarted" || st[0].Reason != "idle" {
		t.Errorf("the next run is told %+v", st)
	}
}

// A context tells what its kernel uses now, also after a cell that needed much.
func TestContext_Usage(t *testing.T) {
	t.Parallel()
	needsPython(t)
	if runtime.GOOS != "linux" {
		t.Skip("the usage of a kernel is read from /proc")
	}
	d := start(t)
	type usage struct {
		CPU       int64 `json:"cpu_ms"`
		Memory    int64 `json:"memory_bytes"`
		Peak      int64 `json:"peak_memory_bytes"`
		Processes int
	}
	id := d.newContext(t).ID
	now := func() usage { return get[struct{ Usage usage }](t, d, "/code/contexts/"+id).Usage }
	before := now()
	if before.Memory < 10<<20 || before.Peak < before.Memory || before.CPU < 1 || before.Processes != 1 {
		t.Errorf("an idle kernel uses %+v", before)
	}
	const much = 100 << 20
	d.code(t, in(id, "x = b'x' * (100 << 20)\nimport subprocess; p = subprocess.Popen(['sleep', '600'])")).ends(t, cellDone)
	after := now()
	if after.Memory < before.Memory+much*9/10 || after.CPU < before.CPU || after.Processes != 2 {
		t.Errorf("before %+v, after %+v", before, after)
	}
	d.code(t, in(id, "del x; p.kill(); p.wait()")).ends(t, cellDone)
	if freed := now(); freed.Memory > after.Memory-much*9/10 || freed.Peak < after.Memory*9/10 || freed.Processes != 1 {
		t.Errorf("after %+v, then %+v", after, freed)
	}
}

// Code that ignores the interrupt of its timeout loses its kernel, and the context has another one.
func TestContext_StubbornTimeout(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t)
	id := d.newContext(t).ID
	stubborn := in(id, "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass")
	stubborn["timeout"] = 100
	end := d.code(t, stubborn).last()
	if end.Error == nil || end.Error.Name != "KernelDied" || end.Reason != "timeout" ||
		!strings.Contains(end.Error.Value, "timeout of 100ms") {
		t.Errorf("it ended with %s", end.Raw)
	}
	eventually(t, "another kernel", func() bool { return get[codeContext](t, d, "/code/contexts/"+id).State == "idle" })
	r := d.code(t, in(id, "1 + 1"))
	checkResult(t, r, "2")
	if st := r.of("status"); len(st) == 0 || st[0].Status != "kernel_restarted" {
		t.Errorf("the next run is told %+v", st)
	}
}
