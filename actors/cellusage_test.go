package actors_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"execd/actors"
	"execd/actors/event"
	"execd/actors/msg"
	"execd/kernel"
)

// usageOf is what the status of a cell tells, which its terminal event has to tell alike.
func (s *system) usageOf(x msg.Execution) *event.Resources {
	s.t.Helper()
	end := last(s.read(x))
	u := must(s, msg.FindExecution{Reply: msg.NewReply[msg.Execution](), ID: x.ID, Measure: true}).Status.Usage
	if (u == nil) != (end.Usage == nil) || u != nil && u.CPU.Milliseconds() != end.Usage.CPU {
		s.t.Errorf("%s: the status tells %+v, the terminal event %+v", x.Status.Content, u, end.Usage)
	}
	return u
}

// TestUsage_Cell: of a cell the CPU time is told that its kernel used meanwhile, however it ended.
func TestUsage_Cell(t *testing.T) {
	s := start(t, nil)
	id := s.context().ID
	own := event.Resources{CPU: cellCPU, OnlyCPU: true}
	for _, code := range []string{"print one", "print two", "faint", "print three", "die", "print four"} {
		s.kernels.work(time.Hour) // between cells it is nobody's
		if u := s.usageOf(must(s, s.codeIn(id, code))); u == nil || *u != own {
			t.Errorf("%s: %+v", code, u)
		}
		if code == "faint" {
			s.becomes(id, "dead") // the next cell would end with the kernel that is not known to be dead yet
		}
	}
	for _, end := range []func(){
		func() { must(s, restarted(id)) },
		func() { must(s, msg.DeleteContext{Reply: msg.NewReply[msg.Nothing](), ID: id}) },
	} {
		x, behind := must(s, s.codeIn(id, "block")), must(s, s.codeIn(id, "print never"))
		s.prints(x, "blocking")
		end()
		if u := s.usageOf(x); u == nil || *u != own {
			t.Errorf("broken off: %+v", u)
		}
		if u := s.usageOf(behind); u != nil {
			t.Errorf("never begun: %+v", u)
		}
	}
}

// prints waits until an execution has printed something.
func (s *system) prints(x msg.Execution, what string) {
	s.t.Helper()
	c := x.Log.Cursor(0)
	defer c.Close()
	for {
		chunk, err := c.Next(deadline(s.t))
		if err != nil {
			s.t.Fatal(err)
		}
		if strings.Contains(string(chunk.Frames), what) {
			return
		}
	}
}

// work has processors work for all kernels.
func (p *fakeProvider) work(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for k := range p.alive {
		k.used.Add(int64(d))
	}
}

// TestUsage_CellElsewhere: of a kernel that does not tell, nothing is told.
func TestUsage_CellElsewhere(t *testing.T) {
	s := start(t, nil)
	s.kernels.far = true
	if u := s.usageOf(must(s, s.code("print one"))); u != nil {
		t.Errorf("%+v", u)
	}
}

// TestLaunchKernel_CPUTime: it is told while the process runs and after its end, and no file is left open.
func TestLaunchKernel_CPUTime(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("it is read from /proc or the control group")
	}
	const work = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; "
	worked, release := make(chan struct{}), filepath.Join(t.TempDir(), "release")
	tell := sync.OnceFunc(func() { close(worked) })
	p, err := actors.LaunchKernel(kernel.LaunchSpec{
		Argv: []string{"bash", "-c", work + "mkfifo '" + release + "'; echo worked; read x < '" + release + "'; " + work},
		Env:  os.Environ(), Output: func([]byte) { tell() },
	})
	if err != nil {
		t.Fatal(err)
	}
	<-worked
	least := 20 * time.Millisecond // twice the tick that it may be told in
	half, ok := kernel.CPUTime(p)
	if !ok || half < least {
		t.Errorf("%v, %v while it runs", half, ok)
	}
	if err := os.WriteFile(release, []byte("\n"), 0); err != nil {
		t.Error(err)
		p.Kill()
	}
	<-p.Done()
	if all, ok := kernel.CPUTime(p); !ok || all < half+least {
		t.Errorf("%v, %v at the end, %v before", all, ok, half)
	}
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range open {
		to, _ := os.Readlink("/proc/self/fd/" + fd.Name()) // closed meanwhile
		if to == fmt.Sprintf("/proc/%d/stat", p.Pid()) {
			t.Errorf("%s is open", to)
		}
	}
}
