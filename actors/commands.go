package actors

import (
	"context"
	"sync"
	"syscall"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"execd/actors/msg"
	"execd/shell"
)

// commands is the dynamic supervisor of shell commands.
type commands struct {
	system   *System
	children children
}

// startCommand has a command actor spawned for an execution.
type startCommand struct {
	*execution
	command msg.Command
}

func (s *commands) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case startCommand:
		s.start(ctx, m)
	case msg.Interrupt:
		s.forward(ctx, m, m.ID)
	case msg.RemoveExecution:
		s.forward(ctx, m, m.ID)
	case msg.SignalExecution:
		s.forward(ctx, m, m.ID)
	case shutdown:
		s.children.broadcast(ctx, m)
	case *actor.Terminated:
		s.terminated(m.Who)
	case lapsed:
		s.terminated(m.who)
	case actor.SystemMessage, actor.AutoReceiveMessage:
	default:
		s.system.unknown(classCommands, m)
	}
}

func (s *commands) start(ctx actor.Context, m startCommand) {
	props := s.system.props(classCommand, func() actor.Actor {
		return newCommand(s.system, m.execution, m.command)
	})
	pid, err := ctx.SpawnNamed(props, m.id)
	if err != nil {
		m.Fail(err)
		return
	}
	s.children[m.id] = &child{pid: pid}
}

func (s *commands) forward(ctx actor.Context, m msg.Message, id string) {
	if !s.children.forward(ctx, id, m) {
		m.Fail(msg.Errorf(msg.ExecutionNotFound, "the command %q has ended", id))
	}
}

// unanswered is what those are told whose requests came behind the end of a
// command, or its crash.
func unanswered(x *execution, id string) error {
	if x != nil && (!x.over() || x.status().Reason == "internal") {
		return msg.ErrCrashed
	}
	return msg.Errorf(msg.ExecutionNotFound, "the command %q has ended", id)
}

// terminated makes up for a command actor that ended before its command did.
func (s *commands) terminated(pid *actor.PID) {
	x := s.system.runs.find(lastElement(pid.Id))
	_, known := s.children.terminated(pid, unanswered(x, lastElement(pid.Id)))
	if known && x != nil {
		x.abandon(s.system.lost("this command"))
	}
}

// endLeftovers ends the background children of commands that have ended.
func (s *System) endLeftovers(ctx context.Context, grace time.Duration) {
	var all sync.WaitGroup
	all.Go(func() { stopAll(ctx, s.runs.leftovers(), syscall.SIGTERM, grace) })
	all.Go(func() { shell.EndMarked(ctx, func(id string) bool { return s.runs.find(id) != nil }, grace) })
	all.Wait()
}

// stopAll ends processes with all that they have started, at the same time.
func stopAll(ctx context.Context, processes []*shell.Process, first syscall.Signal, grace time.Duration) {
	var all sync.WaitGroup
	for _, p := range processes {
		all.Go(func() { p.Stop(ctx, first, grace) })
	}
	all.Wait()
}
