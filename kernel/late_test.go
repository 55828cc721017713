package kernel_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"execd/kernel"
	"execd/kernel/kerneltest"
)

// lateRecorder is a recorder that takes the first so many late outputs.
type lateRecorder struct {
	*recorder
	want int

	mu   sync.Mutex
	late []string
}

func newLateRecorder(want int) *lateRecorder {
	return &lateRecorder{recorder: newRecorder(), want: want}
}

func (r *lateRecorder) Late(o kernel.Output) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.done:
	default:
		panic("late output before Finished")
	}
	r.late = append(r.late, string(o.Kind)+" "+o.Text)
	return len(r.late) < r.want
}

func (r *lateRecorder) texts() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.late)
}

// haunted is a fake whose cells publish output of the first one.
func haunted(times int) *kerneltest.Fake {
	var first *kerneltest.Cell
	return &kerneltest.Fake{Execute: func(c *kerneltest.Cell) {
		if first == nil {
			first = c
		} else {
			for i := range times {
				first.Stream("stdout", fmt.Sprintf("%s %d", c.Code, i))
			}
			first.Publish("execute_input", map[string]any{"code": "", "execution_count": 1})
			first.Status("busy")
			first.Status("idle")
		}
		c.Run()
	}}
}

func TestKernel_LateOutput(t *testing.T) {
	k := startFake(t, haunted(2), kernel.Config{})
	first := newLateRecorder(100)
	if err := k.Execute(kernel.Request{Code: "print a"}, first); err != nil {
		t.Fatal(err)
	}
	first.wait(t)
	r, result := execute(t, k, "print b")
	if r.text("stdout") != "b\n" || result.Status != kernel.StatusOK {
		t.Errorf("the second run got %q, %+v", r.text("stdout"), result)
	}
	if got := first.texts(); !slices.Equal(got, []string{"stream print b 0", "stream print b 1"}) {
		t.Errorf("late: %q", got)
	}
	if first.text("stdout") != "a\n" {
		t.Errorf("stdout %q", first.text("stdout"))
	}
}

// TestKernel_LateOutputUnwanted: a handler that wants no more gets no more,
// and it is logged that there was more.
func TestKernel_LateOutputUnwanted(t *testing.T) {
	var mu sync.Mutex
	var lines []string
	k := startFake(t, haunted(3), kernel.Config{Logf: func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, fmt.Sprintf(format, args...))
	}})
	first := newLateRecorder(2)
	if err := k.Execute(kernel.Request{}, first); err != nil {
		t.Fatal(err)
	}
	first.wait(t)
	execute(t, k, "")
	if got := first.texts(); len(got) != 2 {
		t.Errorf("late: %q", got)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(lines) != 1 || !strings.Contains(lines[0], "the request has ended") {
		t.Errorf("logged %q", lines)
	}
}

// TestKernel_LateOutputForgotten: what a kernel remembers is bounded.
func TestKernel_LateOutputForgotten(t *testing.T) {
	k := startFake(t, haunted(1), kernel.Config{})
	var all []*lateRecorder
	for range 100 {
		r := newLateRecorder(1000)
		if err := k.Execute(kernel.Request{}, r); err != nil {
			t.Fatal(err)
		}
		r.wait(t)
		all = append(all, r)
	}
	if n := len(all[0].texts()); n != 64 {
		t.Errorf("the first run got %d late outputs, want those of the next 64", n)
	}
}

// TestKernel_RefusesInput: a kernel may ask although the request has said that
// nobody answers. It is told so at once, and its handler is not asked.
func TestKernel_RefusesInput(t *testing.T) {
	k := start(t, newLocal(t, &kerneltest.Fake{}, kernel.Config{}), kernel.StartSpec{Language: "fake", Stdin: true})
	r, _ := execute(t, k, "ask name?")
	if r.text("stdout") != "\x04" || len(r.only(kernel.KindInput)) != 0 {
		t.Errorf("the kernel read %q, and the handler was asked %d times", r.text("stdout"), len(r.only(kernel.KindInput)))
	}
	allowed := newRecorder()
	if err := k.Execute(kernel.Request{Code: "ask name?", AllowStdin: true}, allowed); err != nil {
		t.Fatal(err)
	}
	if got := allowed.await(t, kernel.KindInput); got.Text != "name?" {
		t.Errorf("%+v", got)
	}
	if err := k.Input("me"); err != nil {
		t.Fatal(err)
	}
	allowed.wait(t)
	if allowed.text("stdout") != "me" {
		t.Errorf("the kernel read %q", allowed.text("stdout"))
	}
}
