package actors_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
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
	order []station // as they were seen first
	use   int       // how many of them came before the work afterwards
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

// used says that what comes from now on may be of the work afterwards.
func (f *faults) used() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.use = len(f.order)
}

// part is something that actors are used for: a panic at a message is looked
// at in the part that brings it, and the daemon at its work behind it.
type part struct {
	name   string
	change func(*actors.Config)
	use    func(*testing.T, *system, func(msg.Execution, error) msg.Execution)
}

var parts = []part{
	{name: "commands", use: runCommands},
	{name: "cells", use: runCells},
	{name: "idle", use: leaveIdle, change: func(c *actors.Config) { c.IdleLimit = time.Millisecond }},
	{name: "sessions", use: runSessions},
	{name: "terminals", use: openTerminals},
	{name: "watches", use: openWatches, change: func(c *actors.Config) { c.WatchRetention = 5 * time.Millisecond }},
	{name: "metrics", use: readMetrics, change: func(c *actors.Config) { c.JanitorPeriod = 5 * time.Millisecond }},
	{name: "end", use: leaveOpen},
}

// TestSystem_PanicAnywhere makes an actor of each kind panic at each message
// that it gets, while it is used for what brings that message. Whatever it
// was, all requests are answered, each execution has one truthful end, and
// the daemon does its work afterwards. No message may be left out.
func TestSystem_PanicAnywhere(t *testing.T) {
	after, reached := dryRun(t, part{name: "nothing", use: noUse}), map[station]bool{}
	for _, p := range parts {
		dry := dryRun(t, p)
		for i, at := range dry.order {
			if reached[at] || i >= dry.use && after.seen[at] {
				continue // by an earlier part; by the work afterwards, which has to succeed
			}
			reached[at] = true
			t.Run(fmt.Sprintf("%s at %s", at.class, at.message), func(t *testing.T) {
				f := &faults{at: at, seen: map[station]bool{}}
				scenario(t, p, f)
				if !f.hit {
					t.Errorf("station %v was not reached", at)
				}
			})
		}
	}
	checkComplete(t, reached)
}

// dryRun sees what a part brings, without a fault.
func dryRun(t *testing.T, p part) *faults {
	t.Helper()
	f := &faults{seen: map[station]bool{}}
	t.Run(p.name, func(t *testing.T) { scenario(t, p, f) })
	return f
}

func noUse(*testing.T, *system, func(msg.Execution, error) msg.Execution) {}

func scenario(t *testing.T, p part, f *faults) {
	t.Helper()
	s := start(t, func(c *actors.Config) {
		c.Fault = f.inject
		if p.change != nil {
			p.change(c)
		}
	})
	var ran []msg.Execution
	p.use(t, s, func(x msg.Execution, err error) msg.Execution {
		if err == nil {
			ran = append(ran, x)
		}
		return x
	})
	if p.name != "end" {
		for _, x := range ran {
			if frames, kept := s.readKept(x); kept {
				truthful(t, x, frames)
			}
		}
		f.used()
		works(t, s)
	}
	window, cancel := context.WithTimeout(deadline(t), patience/20)
	defer cancel()
	_ = s.Drain(window) // may be what panics; Stop makes up for it
	_ = s.Stop(deadline(t))
	if left := s.actors(); len(left) > 0 {
		t.Errorf("left behind: %+v", left)
	}
	if p.name == "end" {
		f.used()
	}
	for _, x := range ran {
		if x.Log != nil {
			<-x.Log.Done()
		}
	}
}

// runCommands does with commands what can be done with them.
func runCommands(_ *testing.T, s *system, keep func(msg.Execution, error) msg.Execution) {
	first := keep(ask(s, s.command("echo one")))
	keep(ask(s, s.command("exit 3")))
	refused := s.command("true")
	refused.Command.Dir = "/does/not/exist"
	keep(ask(s, refused))
	late := s.command("sleep 600")
	late.Command.Timeout = time.Millisecond
	keep(ask(s, late))
	unborn := s.command("true")
	unborn.Command.Env = map[string]string{"LONG": strings.Repeat("x", 1<<20)} // more than a program may be given
	keep(ask(s, unborn))
	stopCommands(s, keep)
	_, _ = ask(s, msg.ListExecutions{Reply: msg.NewReply[[]msg.Status]()})
	if first.ID != "" {
		<-first.Log.Done()
		s.remove(first)
	}
}

// leaveIdle has a kernel that ends because nobody uses it.
func leaveIdle(_ *testing.T, s *system, keep func(msg.Execution, error) msg.Execution) {
	if x, err := ask(s, s.code("print one")); err == nil {
		s.becomes(keep(x, nil).Status.ContextID, "dead")
	}
}

func stopCommands(s *system, keep func(msg.Execution, error) msg.Execution) {
	long := keep(ask(s, s.command("echo begun; sleep 600")))
	if long.ID != "" {
		_, _ = ask(s, msg.FindExecution{Reply: msg.NewReply[msg.Execution](), ID: long.ID})
		_, _ = ask(s, msg.SignalExecution{Reply: nothing(), ID: long.ID, Signal: "CONT"})
		_, _ = ask(s, msg.Interrupt{Reply: nothing(), ID: long.ID})
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

func runCells(_ *testing.T, s *system, keep func(msg.Execution, error) msg.Execution) {
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
			_, _ = ask(s, msg.SignalExecution{Reply: nothing(), ID: x.ID, Signal: "CONT"})
			_, _ = ask(s, msg.Interrupt{Reply: nothing(), ID: notebook.ID})
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
	_, _ = ask(s, msg.DeleteContext{Reply: nothing(), ID: notebook.ID})
	_, _ = ask(s, msg.DeleteContexts{Reply: nothing(), Language: "python"})
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
		if u := end.Usage; end.Error == nil && x.Status.Kind == msg.KindCode && (u == nil || u.CPU != cellCPU.Milliseconds()) {
			t.Errorf("%s is told to have used %+v", x.Status.Content, u)
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

// TestSystem_PanicAtTheLast: a supervisor that fails at the end of its last
// child, while it stops itself, ends all the same.
func TestSystem_PanicAtTheLast(t *testing.T) {
	f := &faults{at: station{"sessions", "*actor.Terminated"}, seen: map[station]bool{}}
	s := start(t, func(c *actors.Config) { c.Fault = f.inject })
	must(s, msg.CreateSession{Reply: msg.NewReply[msg.Session]()})
	if err := s.Stop(deadline(t)); err != nil {
		t.Error(err)
	}
	if left := s.actors(); len(left) > 0 || !f.hit {
		t.Errorf("left behind: %+v; panicked: %v", left, f.hit)
	}
}
