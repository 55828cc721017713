package kernel_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"execd/kernel"
	"execd/kernel/kerneltest"
)

// short is a grace that a test waits out, where nothing will come.
const short = 20 * time.Millisecond

func TestKernel_Ends(t *testing.T) {
	k := startFake(t, &kerneltest.Fake{}, kernel.Config{})
	tests := []struct {
		name, code string
		stdout     string
		want       kernel.Result
	}{
		{"Plain", "print a\nresult 2", "a\n", kernel.Result{Status: kernel.StatusOK, ExecutionCount: 1}},
		{"Reply first", "print a\nreply\nprint b", "a\nb\n", kernel.Result{Status: kernel.StatusOK, ExecutionCount: 2}},
		{"Idle first", "print a\nidle", "a\n", kernel.Result{Status: kernel.StatusOK, ExecutionCount: 3}},
		{"Error", "error E v", "", kernel.Result{
			Status: kernel.StatusError, EName: "E", EValue: "v", Traceback: []string{"E: v"}, ExecutionCount: 4}},
		{"Error in the reply only", "quiet E v", "", kernel.Result{
			Status: kernel.StatusError, EName: "E", EValue: "v", Traceback: []string{"E"}}},
		{"Aborted", "abort", "", kernel.Result{Status: kernel.StatusAborted}},
		{"Foreign idle", "print a\nforeign b\nprint c", "a\nc\n", kernel.Result{Status: kernel.StatusOK, ExecutionCount: 7}},
		{"Forged", "forged a\nprint b", "b\n", kernel.Result{Status: kernel.StatusOK, ExecutionCount: 8}},
		{"Second reply", "reply\nquiet E v\nprint b", "b\n", kernel.Result{Status: kernel.StatusOK, ExecutionCount: 9}},
		{"Second idle", "print b\nidle\nstderr x\nidle", "b\n", kernel.Result{Status: kernel.StatusOK, ExecutionCount: 10}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, got := execute(t, k, test.code)
			if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", test.want) {
				t.Errorf("%+v, want %+v", got, test.want)
			}
			if r.text("stdout") != test.stdout {
				t.Errorf("stdout %q, want %q", r.text("stdout"), test.stdout)
			}
		})
	}
}

func TestKernel_MissingHalf(t *testing.T) {
	k := startFake(t, &kerneltest.Fake{}, kernel.Config{Grace: short})
	if _, got := execute(t, k, "noidle"); got.Status != kernel.StatusOK || !errors.Is(got.Err, kernel.ErrNoIdle) {
		t.Errorf("without idle: %+v", got)
	}
	if _, got := execute(t, k, "noreply"); got.Status != kernel.StatusError || !errors.Is(got.Err, kernel.ErrNoReply) {
		t.Errorf("without reply: %+v", got)
	}
}

// TestKernel_OutputAfterTheEnd relies on recorder, which panics when the
// output that comes behind reply and idle reaches it after Finished.
func TestKernel_OutputAfterTheEnd(t *testing.T) {
	k := startFake(t, &kerneltest.Fake{}, kernel.Config{})
	for range 50 {
		execute(t, k, "late a")
	}
}

func TestKernel_Dies(t *testing.T) {
	queued := make(chan struct{})
	k := startFake(t, &kerneltest.Fake{Execute: func(c *kerneltest.Cell) {
		<-queued
		c.Run()
	}}, kernel.Config{})
	first := begin(t, k, "print last\ndie")
	second := begin(t, k, "print never")
	close(queued)
	if got := first.wait(t); got.Status != kernel.StatusDead || got.Err.Error() != "kernel exited: exit status 7" {
		t.Errorf("%+v", got)
	}
	if first.text("stdout") != "last\n" {
		t.Errorf("stdout %q", first.text("stdout"))
	}
	if got := second.wait(t); got.Status != kernel.StatusDead || !errors.Is(got.Err, kernel.ErrDead) {
		t.Errorf("queued: %+v", got)
	}
	<-k.Done()
	if err := k.Interrupt(deadline(t)); !errors.Is(err, kernel.ErrDead) {
		t.Errorf("interrupt: %v", err)
	}
	if err := k.Shutdown(deadline(t)); err != nil {
		t.Errorf("shutdown: %v", err)
	}
}

func TestKernel_LosesConnection(t *testing.T) {
	f := &kerneltest.Fake{Execute: func(c *kerneltest.Cell) {
		c.Disconnect()
		<-c.Done()
	}}
	k := startFake(t, f, kernel.Config{})
	_, got := execute(t, k, "")
	if got.Status != kernel.StatusDead || !strings.HasPrefix(got.Err.Error(), "lost connection to kernel: ") {
		t.Errorf("%+v", got)
	}
}

func TestKernel_Interrupt(t *testing.T) {
	for _, mode := range []string{"signal", "message"} {
		t.Run(mode, func(t *testing.T) {
			f := &kerneltest.Fake{}
			l := newLocal(t, f, kernel.Config{}, kerneltest.Spec{InterruptMode: mode})
			k := start(t, l, kernel.StartSpec{Language: "fake"})
			r := begin(t, k, "print on\nhang")
			r.await(t, kernel.KindStream)
			if err := k.Interrupt(deadline(t)); err != nil {
				t.Fatal(err)
			}
			if got := r.wait(t); got.EName != "KeyboardInterrupt" {
				t.Errorf("%+v", got)
			}
			signalled := slices.Contains(f.Launched()[0].Signals(), syscall.SIGINT)
			if signalled != (mode == "signal") {
				t.Errorf("SIGINT sent: %v", signalled)
			}
		})
	}
}

func TestKernel_Flood(t *testing.T) {
	k := startFake(t, &kerneltest.Fake{}, kernel.Config{})
	r, got := execute(t, k, "reply\nflood 20000 300\nprint end")
	if got.Status != kernel.StatusOK || got.Err != nil {
		t.Errorf("%+v", got)
	}
	if text := r.text("stdout"); len(text) != 20000*300+len("end\n") || !strings.HasSuffix(text, "end\n") {
		t.Errorf("%d bytes", len(text))
	}
}

func TestKernel_TooLarge(t *testing.T) {
	k := startFake(t, &kerneltest.Fake{}, kernel.Config{FrameLimit: 1 << 20})
	r, got := execute(t, k, "print a\nflood 1 2000000\nprint b")
	if got.Status != kernel.StatusOK || r.text("stdout") != "a\nb\n" {
		t.Errorf("%+v %d", got, len(r.text("stdout")))
	}
	dropped := r.only(kernel.KindDropped)
	if len(dropped) != 1 || !strings.Contains(dropped[0].Text, "over the limit of 1048576") {
		t.Errorf("%+v", dropped)
	}
}

func TestKernel_LogsDropsOnce(t *testing.T) {
	var mu sync.Mutex
	var lines []string
	k := startFake(t, &kerneltest.Fake{}, kernel.Config{Logf: func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, fmt.Sprintf(format, args...))
	}})
	execute(t, k, "forged a\nforged b")
	mu.Lock()
	defer mu.Unlock()
	if len(lines) != 1 || !strings.Contains(lines[0], "signature") {
		t.Errorf("%q", lines)
	}
}

// chain executes the next cell from Finished.
type chain struct {
	*recorder
	next func()
}

func (c chain) Finished(r kernel.Result) {
	c.recorder.Finished(r)
	c.next()
}

func TestKernel_ExecuteFromFinished(t *testing.T) {
	k := startFake(t, &kerneltest.Fake{}, kernel.Config{})
	second := newRecorder()
	first := chain{newRecorder(), func() {
		if err := k.Execute(kernel.Request{Code: "print second"}, second); err != nil {
			t.Error(err)
		}
	}}
	if err := k.Execute(kernel.Request{Code: "print first"}, first); err != nil {
		t.Fatal(err)
	}
	second.wait(t)
	if second.text("stdout") != "second\n" {
		t.Errorf("%q", second.text("stdout"))
	}
}

func TestKernel_ManyExecutions(t *testing.T) {
	k := startFake(t, &kerneltest.Fake{}, kernel.Config{})
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			r := newRecorder()
			if err := k.Execute(kernel.Request{Code: fmt.Sprintf("print %d\nforeign x", i)}, r); err != nil {
				t.Error(err)
				return
			}
			<-r.done
			if want := fmt.Sprintf("%d\n", i); r.text("stdout") != want || r.result.Status != kernel.StatusOK {
				t.Errorf("%q, want %q: %+v", r.text("stdout"), want, r.result)
			}
		})
	}
	wg.Wait()
}

// TestKernel_KilledWhileExecuting lets death race with everything else: each
// accepted execution still ends once (recorder panics otherwise).
func TestKernel_KilledWhileExecuting(t *testing.T) {
	for range 20 {
		f := &kerneltest.Fake{}
		k := startFake(t, f, kernel.Config{})
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					r := newRecorder()
					if err := k.Execute(kernel.Request{Code: "print a"}, r); err != nil {
						if !errors.Is(err, kernel.ErrDead) {
							t.Error(err)
						}
						return
					}
					<-r.done
				}
			})
		}
		_, _ = execute(t, k, "print a")
		f.Launched()[0].Kill()
		wg.Wait()
	}
}

func TestKernel_LingersForDeno(t *testing.T) {
	l := newLocal(t, &kerneltest.Fake{}, kernel.Config{}, kerneltest.Spec{Name: "deno", Language: "typescript"})
	k := start(t, l, kernel.StartSpec{Language: "JS"})
	r, got := execute(t, k, "late after idle")
	if got.Status != kernel.StatusOK || r.text("stdout") != "after idle\n" {
		t.Errorf("%+v %q", got, r.text("stdout"))
	}
}

func TestKernel_RetriesForTslab(t *testing.T) {
	cells := 0
	f := &kerneltest.Fake{Execute: func(c *kerneltest.Cell) {
		cells++
		if cells != 2 && cells != 4 && cells != 5 {
			c.Run()
			return
		}
		c.Status("busy")
		c.Reply(map[string]any{"status": "abort"})
		c.Status("idle")
	}}
	l := newLocal(t, f, kernel.Config{}, kerneltest.Spec{Name: "tslab", Language: "typescript"})
	k := start(t, l, kernel.StartSpec{Language: "ts"})
	execute(t, k, "error E v")
	if r, got := execute(t, k, "print a"); got.Status != kernel.StatusOK || r.text("stdout") != "a\n" {
		t.Errorf("%+v %q", got, r.text("stdout"))
	}
	if r, got := execute(t, k, "print b"); got.Status != kernel.StatusOK || r.text("stdout") != "b\n" {
		t.Errorf("aborted twice: %+v %q", got, r.text("stdout"))
	}
}
