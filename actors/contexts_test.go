package actors_test

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"execd/actors"
	"execd/actors/event"
	"execd/actors/msg"
)

func (s *system) context() msg.Context {
	s.t.Helper()
	return must(s, msg.CreateContext{Reply: msg.NewReply[msg.Context](), Language: "python"})
}

func (s *system) codeIn(id, code string) msg.RunCode {
	m := s.code(code)
	m.ContextID = id
	return m
}

func (s *system) find(id string) msg.Context {
	s.t.Helper()
	return must(s, msg.FindContext{Reply: msg.NewReply[msg.Context](), ID: id})
}

// becomes waits until a context has a state.
func (s *system) becomes(id, state string) {
	s.t.Helper()
	for ctx := deadline(s.t); s.find(id).State != state; runtime.Gosched() {
		if ctx.Err() != nil {
			s.t.Fatalf("context is %s, not %s", s.find(id).State, state)
		}
	}
}

func restarted(id string) msg.RestartContext {
	return msg.RestartContext{Reply: msg.NewReply[msg.Context](), ID: id}
}

// TestContext_Restart: the id stays, and what ran or waited in the old kernel
// ends with the reason.
func TestContext_Restart(t *testing.T) {
	s := start(t, nil)
	id := s.context().ID
	running := must(s, s.codeIn(id, "block"))
	waiting := must(s, s.codeIn(id, "print never"))
	if c := must(s, restarted(id)); c.ID != id || c.State != "idle" {
		t.Errorf("restarted is %+v", c)
	}
	for _, x := range []msg.Execution{running, waiting} {
		if end := last(s.read(x)); end.Error == nil || end.Error.Name != "KernelRestarted" || end.Reason != "restarted" {
			t.Errorf("%s ended with %+v", x.Status.Content, end)
		}
	}
	frames := s.read(must(s, s.codeIn(id, "print again")))
	if frames[1].Status != "kernel_restarted" || frames[1].Reason != "restarted" || stdout(frames) != "again\n" {
		t.Errorf("the next run is %+v", frames)
	}
	if frames := s.read(must(s, s.codeIn(id, "print more"))); frames[1].Status != "" {
		t.Errorf("the run behind that is told again: %+v", frames)
	}
	var missing *msg.Error
	if _, err := ask(s, restarted("x")); !errors.As(err, &missing) || missing.Code != msg.ContextNotFound {
		t.Errorf("restart of nothing: %v", err)
	}
}

// TestContext_RestartedTwice: whoever asks while a kernel is starting gets the
// one that starts last, and no other is left.
func TestContext_RestartedTwice(t *testing.T) {
	s := start(t, nil)
	id := s.context().ID
	s.kernels.gate = make(chan struct{})
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if c, err := ask(s, restarted(id)); err != nil || c.State != "idle" {
				t.Errorf("%+v, %v", c, err)
			}
		})
	}
	s.becomes(id, "starting")
	close(s.kernels.gate)
	all.Wait()
	s.kernels.mu.Lock()
	alive := len(s.kernels.alive)
	s.kernels.mu.Unlock()
	if alive != 1 {
		t.Errorf("%d kernels live", alive)
	}
}

// TestContext_Unused: the kernel of a context that nobody uses ends, that of a
// busy one does not, and the context can be used again.
func TestContext_Unused(t *testing.T) {
	s := start(t, func(c *actors.Config) { c.IdleLimit = time.Millisecond })
	busy := must(s, s.code("block"))
	id := s.context().ID
	s.becomes(id, "dead")
	s.until("the busy one to have begun", func() bool {
		return must(s, msg.FindExecution{Reply: msg.NewReply[msg.Execution](), ID: busy.ID}).Status.State == msg.StateRunning
	})
	must(s, msg.Interrupt{Reply: msg.NewReply[msg.Nothing](), ID: busy.ID})
	if end := last(s.read(busy)); end.Error == nil || end.Error.Name != "KeyboardInterrupt" {
		t.Errorf("the busy one ended with %+v", end)
	}
	frames := s.read(must(s, s.codeIn(id, "print hi")))
	if !told(frames, "idle") || stdout(frames) != "hi\n" {
		t.Errorf("the next run is %+v", frames)
	}
}

// told reports whether a run was told that its kernel is a new one, and why.
func told(frames []frame, reason string) bool {
	for _, f := range frames {
		if f.Status == "kernel_restarted" && f.Reason == reason {
			return true
		}
	}
	return false
}

// TestContext_Usage: a context tells what its kernel uses.
func TestContext_Usage(t *testing.T) {
	s := start(t, nil)
	id := s.context().ID
	all := must(s, msg.ListContexts{Reply: msg.NewReply[[]msg.Context]()})
	for _, c := range append(all, s.find(id)) {
		if runtime.GOOS == "linux" && (c.Usage == nil || c.Usage.Memory <= 0 || c.Usage.PeakMemory < c.Usage.Memory) {
			t.Errorf("it uses %+v", c.Usage)
		}
		if time.Since(c.Created) > patience || c.Created.IsZero() {
			t.Errorf("created at %v", c.Created)
		}
	}
}

// TestCell_Timeout: the end tells that it was the timeout, and which.
func TestCell_Timeout(t *testing.T) {
	s := start(t, nil)
	m := s.code("block")
	m.Timeout = 20 * time.Millisecond
	end := last(s.read(must(s, m)))
	if end.Error == nil || end.Error.Name != "KeyboardInterrupt" || end.Reason != "timeout" ||
		!strings.Contains(end.Error.Value, "timeout of 20ms") {
		t.Errorf("it ended with %+v, %+v", end, end.Error)
	}
}

// TestCell_DiesBehindReply: what the code has done is known, and that some of
// its output may be missing is said.
func TestCell_DiesBehindReply(t *testing.T) {
	s := start(t, nil)
	frames := s.read(must(s, s.code("faint")))
	var said []string
	for _, f := range frames {
		if f.Status == "output_dropped" {
			said = append(said, f.Reason)
		}
	}
	if last(frames).Type != event.TypeComplete || len(said) != 1 || !strings.Contains(said[0], "output may be missing") {
		t.Errorf("%+v", frames)
	}
}
