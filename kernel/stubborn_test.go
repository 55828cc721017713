package kernel_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"execd/kernel"
	"execd/kernel/kerneltest"
)

// deaf is a fake that runs on whatever it is sent.
func deaf() *kerneltest.Fake {
	return &kerneltest.Fake{Stubborn: true, Deaf: true, Execute: func(c *kerneltest.Cell) {
		c.Status("busy")
		c.Stream("stdout", "on")
		<-c.Done()
	}}
}

// TestKernel_IgnoresInterrupt: an interrupt that does nothing ends nothing, and
// a kernel that does not end when asked is killed.
func TestKernel_IgnoresInterrupt(t *testing.T) {
	for mode, want := range map[string][]syscall.Signal{
		"signal":  {syscall.SIGINT, syscall.SIGINT, syscall.SIGTERM},
		"message": {syscall.SIGTERM},
	} {
		t.Run(mode, func(t *testing.T) {
			f := deaf()
			l := newLocal(t, f, kernel.Config{ShutdownGrace: short}, kerneltest.Spec{InterruptMode: mode})
			k := start(t, l, kernel.StartSpec{Language: "fake"})
			r := begin(t, k, "")
			r.await(t, kernel.KindStream)
			ctx, cancel := context.WithTimeout(t.Context(), short)
			defer cancel()
			if err := k.Interrupt(ctx); mode == "signal" && err != nil || mode == "message" && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("interrupt: %v", err)
			}
			select {
			case <-r.done:
				t.Fatalf("ended by an interrupt that was ignored: %+v", r.result)
			default:
			}
			if err := k.Shutdown(deadline(t)); err != nil {
				t.Fatal(err)
			}
			if got := r.wait(t); got.Status != kernel.StatusDead || got.Err.Error() != "kernel was shut down" {
				t.Errorf("%+v", got)
			}
			if got := f.Launched()[0].Signals(); !slices.Equal(got, want) {
				t.Errorf("signals %v, want %v", got, want)
			}
		})
	}
}

// TestKernel_SlowHandler: as long as the handler of one output is not done,
// no more is read than the sockets hold, and nothing is lost.
func TestKernel_SlowHandler(t *testing.T) {
	const messages, size = 4000, 10_000
	var sent atomic.Int64
	f := &kerneltest.Fake{Execute: func(c *kerneltest.Cell) {
		text := strings.Repeat("x", size)
		c.Status("busy")
		for range messages {
			c.Stream("stdout", text)
			sent.Add(1)
		}
		c.Finish()
	}}
	k := startFake(t, f, kernel.Config{})
	r := &slowRecorder{recorder: newRecorder(), sent: &sent}
	if err := k.Execute(kernel.Request{}, r); err != nil {
		t.Fatal(err)
	}
	if got := r.wait(t); got.Status != kernel.StatusOK || got.Err != nil {
		t.Errorf("%+v", got)
	}
	if n := len(r.text("stdout")); n != messages*size {
		t.Errorf("%d bytes of %d", n, messages*size)
	}
	if n := r.ahead.Load(); n > messages/2 {
		t.Errorf("%d messages of %d were taken while one was being handled", n, messages)
	}
}

// slowRecorder holds up its first output until the kernel sends no more.
type slowRecorder struct {
	*recorder
	sent  *atomic.Int64
	ahead atomic.Int64
}

func (r *slowRecorder) Output(o kernel.Output) {
	r.recorder.Output(o)
	if o.Kind != kernel.KindBusy {
		return
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for last := int64(-1); last != r.sent.Load(); {
		last = r.sent.Load()
		<-tick.C
	}
	r.ahead.Store(r.sent.Load())
}
