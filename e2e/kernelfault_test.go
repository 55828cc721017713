package e2e_test

import (
	"syscall"
	"testing"
)

// A kernel that dies ends its run with an error that says so, whoever killed it, and the context can be used again.
func TestFault_KernelDies(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t)
	id := d.newContext(t).ID
	fromOutside := func() {
		for _, k := range d.kernels() {
			kill(t, k.pid)
		}
	}
	for _, c := range []struct {
		name, code string
		kill       func()
	}{
		{"kills itself", "print('begun', flush=True)\nimport os; os.kill(os.getpid(), 9)", nil},
		{"exits", "print('begun', flush=True)\nimport os; os._exit(0)", nil},
		{"is killed", "print('begun', flush=True)\nwhile True: pass", fromOutside},
	} {
		d.code(t, in(id, "x = 1")).ends(t, cellDone)
		s := d.openCode(t, in(id, c.code))
		if c.kill != nil {
			s.untilText(t, "begun\n")
			c.kill()
		}
		end := s.rest(t).last()
		if end.Error == nil || end.Error.Name != "KernelDied" || end.Error.Value == "" || end.Reason != "kernel died" {
			t.Errorf("%s: the run ended with %s", c.name, end.Raw)
		}
		r := d.code(t, in(id, "'x' in globals()"))
		checkResult(t, r, "False")
		if st := r.of("status"); len(st) == 0 || st[0].Status != "kernel_restarted" {
			t.Errorf("%s: the next run is not told of the loss: %+v", c.name, st)
		}
	}
}

// Those that waited behind a run that took the kernel with it counted on state that is lost.
func TestFault_KernelDiesWithQueue(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t)
	running := d.openCode(t, "print('begun')\nwhile True: pass")
	running.untilText(t, "begun\n")
	waiting := d.openCode(t, "print('never')")
	waiting.until(t, "queued", func(e event) bool { return e.Status == "queued" })
	for _, k := range d.kernels() {
		kill(t, k.pid)
	}
	for _, s := range []*stream{running, waiting} {
		if r := s.rest(t); r.last().Error == nil || r.last().Error.Name != "KernelDied" || len(r.stdout()) != 0 {
			t.Errorf("it ended with %s", r.last().Raw)
		}
	}
	d.code(t, "1").ends(t, cellDone)
}

func TestFault_IdleKernelDies(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t)
	id := d.newContext(t).ID
	for _, k := range d.kernels() {
		kill(t, k.pid)
	}
	eventually(t, "the news", func() bool { return get[codeContext](t, d, "/code/contexts/"+id).State == "dead" })
	d.code(t, in(id, "1")).ends(t, cellDone)
	if n := len(d.kernels()); n != 1 {
		t.Errorf("%d kernels", n)
	}
}

// The end of execd ends its kernels, also one that is busy, and their runs say why.
func TestShutdown_Kernels(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t)
	idle := d.newContext(t).ID
	d.code(t, in(idle, "import subprocess; p = subprocess.Popen(['sleep', '1000'], start_new_session=True)")).ends(t, cellDone)
	s := d.openCode(t, "print('begun')\nwhile True: pass")
	s.untilText(t, "begun\n")
	waiting := d.openCode(t, "print('never')")
	waiting.until(t, "queued", func(e event) bool { return e.Status == "queued" })
	d.signal(t, syscall.SIGTERM)
	for _, s := range []*stream{s, waiting} {
		if end := s.rest(t).last(); end.Error == nil || end.Reason != "shutdown" {
			t.Errorf("it ended with %s", end.Raw)
		}
	}
	d.checkDown(t)
}
