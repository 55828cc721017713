package actors_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"execd/actors"
	"execd/actors/msg"
)

// station is a message at an actor of a class.
type station struct {
	class   actors.Class
	message string
}

// faults panics once, at one station, and records all stations it sees.
type faults struct {
	mu    sync.Mutex
	at    station
	hit   bool
	seen  map[station]bool
	order []station
}

func (f *faults) inject(class actors.Class, message any) {
	at := station{class, fmt.Sprintf("%T", message)}
	f.mu.Lock()
	if !f.seen[at] {
		f.seen[at] = true
		f.order = append(f.order, at)
	}
	panics := at == f.at && !f.hit
	f.hit = f.hit || panics
	f.mu.Unlock()
	if panics {
		panic("injected at " + at.message)
	}
}

func (f *faults) stations() []station {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]station(nil), f.order...)
}

// TestSystem_PanicAnywhere makes an actor of each kind panic at each message
// that it gets in a scenario that uses everything. Whatever it was, all
// requests are answered, each execution has one truthful end, and the daemon
// does its work afterwards.
func TestSystem_PanicAnywhere(t *testing.T) {
	dry := &faults{seen: map[station]bool{}}
	t.Run("without", func(t *testing.T) { scenario(t, dry) })
	all := dry.stations()
	if len(all) < 30 {
		t.Fatalf("the scenario reaches only %d stations: %v", len(all), all)
	}
	for _, at := range all {
		t.Run(fmt.Sprintf("%s at %s", at.class, at.message), func(t *testing.T) {
			f := &faults{at: at, seen: map[station]bool{}}
			scenario(t, f)
			if !f.hit {
				t.Errorf("station %v was not reached", at)
			}
		})
	}
}

func scenario(t *testing.T, f *faults) {
	t.Helper()
	s := start(t, func(c *actors.Config) {
		c.Fault = f.inject
		c.JanitorPeriod = 5 * time.Millisecond
		c.WatchRetention = 5 * time.Millisecond
	})
	var ran []msg.Execution
	keep := func(x msg.Execution, err error) msg.Execution {
		if err == nil {
			ran = append(ran, x)
		}
		return x
	}
	watched := s.watchMetricsMeanwhile()
	keep(ask(s, s.command("echo one")))
	keep(ask(s, s.command("exit 3")))
	refused := s.command("true")
	refused.Command.Dir = "/does/not/exist"
	keep(ask(s, refused))
	unborn := s.command("sleep 600")
	unborn.Command.Timeout = time.Millisecond
	keep(ask(s, unborn))
	stopCommands(s, keep)
	runCells(s, keep)
	runSessions(s, keep)
	openTerminals(s, keep)
	openWatches(t, s)
	for _, x := range ran {
		if frames, kept := s.readKept(x); kept {
			truthful(t, x, frames)
		}
	}
	_, _ = ask(s, msg.ListExecutions{Reply: msg.NewReply[[]msg.Status]()})
	if len(ran) > 0 {
		_, _ = ask(s, msg.RemoveExecution{Reply: msg.NewReply[msg.Nothing](), ID: ran[0].ID})
	}
	watched()
	works(t, s)
	drained := keep(ask(s, s.command("sleep 600")))
	cell := keep(ask(s, s.code("block")))
	left := append(leaveOpen(t, s), drained, cell)
	window, cancel := context.WithTimeout(deadline(t), patience/20)
	defer cancel()
	_ = s.Drain(window) // may be what panics; Stop makes up for it
	_ = s.Stop(deadline(t))
	if left := s.actors(); len(left) > 0 {
		t.Errorf("left behind: %+v", left)
	}
	for _, x := range left {
		if x.Log != nil {
			<-x.Log.Done()
		}
	}
}

func stopCommands(s *system, keep func(msg.Execution, error) msg.Execution) {
	long := keep(ask(s, s.command("echo begun; sleep 600")))
	if long.ID != "" {
		_, _ = ask(s, msg.FindExecution{Reply: msg.NewReply[msg.Execution](), ID: long.ID})
		_, _ = ask(s, msg.Interrupt{Reply: msg.NewReply[msg.Nothing](), ID: long.ID})
		endBy(s, long)
	}
	removed := keep(ask(s, s.command("sleep 600")))
	if removed.ID != "" {
		s.remove(removed)
		endBy(s, removed)
	}
	alone := s.command("sleep 600")
	alone.Command.KillOnDisconnect = true
	if x := keep(ask(s, alone)); x.Log != nil {
		x.Log.Cursor(0).Close()
		endBy(s, x)
	}
}

func runCells(s *system, keep func(msg.Execution, error) msg.Execution) {
	_, _ = ask(s, s.withLanguage("cobol"))
	_, _ = ask(s, msg.ListLanguages{Reply: msg.NewReply[[]msg.Language]()})
	_, _ = ask(s, msg.CheckReady{Reply: msg.NewReply[msg.Readiness]()})
	keep(ask(s, s.code("print one")))
	notebook, err := ask(s, msg.CreateContext{Reply: msg.NewReply[msg.Context](), Language: "python"})
	if err == nil {
		_, _ = ask(s, msg.FindContext{Reply: msg.NewReply[msg.Context](), ID: notebook.ID})
		block := s.code("block")
		block.ContextID = notebook.ID
		block.Timeout = time.Minute
		x := keep(ask(s, block))
		behind := s.code("print two")
		behind.ContextID = notebook.ID
		keep(ask(s, behind))
		if x.ID != "" {
			s.remove(x)
			endBy(s, x)
		}
		again := s.code("block")
		again.ContextID = notebook.ID
		if x := keep(ask(s, again)); x.ID != "" {
			_, _ = ask(s, msg.Interrupt{Reply: msg.NewReply[msg.Nothing](), ID: notebook.ID})
			endBy(s, x)
		}
		_, _ = ask(s, msg.RestartContext{Reply: msg.NewReply[msg.Context](), ID: notebook.ID})
	}
	late := s.code("block")
	late.Timeout = time.Millisecond
	if x := keep(ask(s, late)); x.Log != nil {
		endBy(s, x)
	}
	alone := s.code("block")
	alone.KillOnDisconnect = true
	if x := keep(ask(s, alone)); x.Log != nil {
		x.Log.Cursor(0).Close()
		endBy(s, x)
	}
	if x := keep(ask(s, s.code("die"))); x.Log != nil {
		<-x.Log.Done()
	}
	_, _ = ask(s, msg.ListContexts{Reply: msg.NewReply[[]msg.Context]()})
	_, _ = ask(s, msg.DeleteContext{Reply: msg.NewReply[msg.Nothing](), ID: notebook.ID})
	_, _ = ask(s, msg.DeleteContexts{Reply: msg.NewReply[msg.Nothing](), Language: "python"})
}

// endBy waits for a run to end by itself, or removes it where the message
// that was to end it is the one that got lost.
func endBy(s *system, x msg.Execution) {
	select {
	case <-x.Log.Done():
	case <-time.After(patience / 20):
		s.remove(x)
		<-x.Log.Done()
	}
}

// truthful holds the end of an execution against what it was.
func truthful(t *testing.T, x msg.Execution, frames []frame) {
	t.Helper()
	end := last(frames)
	crashed := end.Error != nil && end.Error.Name == "InternalError"
	switch x.Status.Content {
	case "echo one", "print one", "print two":
		if end.Error != nil && !crashed && !slices.Contains([]string{"ExecutionAborted", "KernelDied", "KernelRestarted"}, end.Error.Name) {
			t.Errorf("%s ended with %+v", x.Status.Content, end.Error)
		}
	default:
		if end.Error == nil {
			t.Errorf("%s is told to have succeeded", x.Status.Content)
		}
	}
}

// works runs a command and a cell, as anybody would after the failure.
func works(t *testing.T, s *system) {
	t.Helper()
	if got := stdout(s.read(must(s, s.command("echo alive")))); got != "alive" {
		t.Errorf("command printed %q", got)
	}
	if got := stdout(s.read(must(s, s.code("print alive")))); got != "alive\n" {
		t.Errorf("cell printed %q", got)
	}
}
