package kernel_test

import (
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"execd/kernel"
)

// TestPython_Thread: what a thread prints belongs to the request that started
// it, also when that has ended and another one runs.
func TestPython_Thread(t *testing.T) {
	k, _ := python(t, kernel.StartSpec{})
	first := newLateRecorder(1000)
	code := "import threading\ngo = threading.Event()\n" +
		"def work():\n    go.wait()\n    print('from the thread', flush=True)\n" +
		"thread = threading.Thread(target=work)\nthread.start()"
	if err := k.Execute(kernel.Request{Code: code}, first); err != nil {
		t.Fatal(err)
	}
	if got := first.wait(t); got.Status != kernel.StatusOK {
		t.Fatalf("%+v", got)
	}
	r := ok(t, k, "go.set()\nthread.join()\nprint('second')")
	if got := r.text("stdout"); got != "second\n" {
		t.Errorf("the second run printed %q", got)
	}
	ok(t, k, "pass") // the output of the thread is before its end
	late := strings.ReplaceAll(strings.Join(first.texts(), ""), "stream ", "")
	if late != "from the thread\n" {
		t.Errorf("late: %q", late)
	}
}

// TestPython_LeavesChild: a child that has the kernel's sockets does not keep
// the kernel's death from being seen, nor lives on.
func TestPython_LeavesChild(t *testing.T) {
	k, _ := python(t, kernel.StartSpec{})
	r, got := execute(t, k, "import os, time\npid = os.fork()\nif pid == 0: time.sleep(1000)\n"+
		"print(pid, flush=True); time.sleep(1); os._exit(3)")
	if got.Status != kernel.StatusDead || got.Err.Error() != "kernel exited: exit status 3" {
		t.Errorf("%+v", got)
	}
	<-k.Done()
	pid := strings.TrimSpace(r.text("stdout"))
	lives := func() bool { // the kernel of the system ends it in its own time
		b, err := os.ReadFile("/proc/" + pid + "/stat")
		return err == nil && !strings.Contains(string(b), ") Z ")
	}
	for begun := time.Now(); lives(); time.Sleep(time.Millisecond) {
		if time.Since(begun) > patience {
			t.Fatalf("child %q is left", pid)
		}
	}
}

// launcherBytes is the buffer of the goroutine in os/exec that copies output;
// the launcher of these tests has it, execd's has none.
const launcherBytes = 32 << 10

// TestPython_Idle: what an idle kernel costs.
func TestPython_Idle(t *testing.T) {
	const kernels = 4
	list := make([]kernel.Kernel, 0, kernels)
	first, _ := python(t, kernel.StartSpec{Stdin: true})
	ok(t, first, "1") // what is made once has been made
	goroutines, bytes := measure()
	for range kernels {
		k, _ := python(t, kernel.StartSpec{Stdin: true})
		ok(t, k, "print('x' * 10_000_000)") // nothing stays of a large message
		ok(t, k, "1")
		list = append(list, k)
	}
	perKernel := func() (int, int) {
		g, b := measure()
		return (g - goroutines) / kernels, (b-bytes)/kernels - launcherBytes
	}
	moreGoroutines, moreBytes := perKernel()
	for begun := time.Now(); moreBytes > 150<<10 && time.Since(begun) < patience; { // a stopped timer holds its run for a moment
		moreGoroutines, moreBytes = perKernel()
	}
	t.Logf("a kernel has %d goroutines and %d KiB", moreGoroutines, moreBytes>>10)
	if moreBytes > 150<<10 {
		t.Errorf("%d bytes per idle kernel", moreBytes)
	}
	if moreGoroutines > 4+2 { // ours, and the launcher's
		t.Errorf("%d goroutines per idle kernel", moreGoroutines)
	}
	for _, k := range slices.Backward(list) {
		if err := k.Shutdown(deadline(t)); err != nil {
			t.Error(err)
		}
	}
}

// measure returns the goroutines, and the bytes of heap and stacks in use.
func measure() (goroutines, bytes int) {
	runtime.GC()
	runtime.GC() // what the first one finalized
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return runtime.NumGoroutine(), int(m.HeapAlloc + m.StackInuse)
}
