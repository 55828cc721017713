package actors

import (
	"context"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"execd/actors/msg"
)

// root is the root supervisor: it answers what the registry knows and hands
// everything else to the supervisor of its kind.
type root struct {
	system    *System
	commands  *actor.PID
	kernels   *actor.PID
	sessions  *actor.PID
	terminals *actor.PID
	watches   *actor.PID
	metrics   *actor.PID
	draining  bool
}

// drain asks for the end of everything that runs, until the deadline.
type drain struct {
	msg.Reply[msg.Nothing]
	deadline time.Time
}

// shutdown tells supervisors and their children that the daemon ends.
type shutdown struct {
	grace time.Duration // from the polite signal to SIGKILL
}

func (r *root) Receive(ctx actor.Context) {
	if m, ok := ctx.Message().(msg.Message); ok {
		if err := r.system.config.Platform.denies(m); err != nil {
			m.Fail(err)
			return
		}
	}
	switch m := ctx.Message().(type) {
	case *actor.Started:
		r.start(ctx)
	case msg.RunCommand:
		r.runCommand(ctx, m)
	case msg.RunCode:
		r.runCode(ctx, m)
	case msg.CreateContext:
		r.admit(ctx, m, r.kernels)
	case msg.RestartContext:
		r.admit(ctx, m, r.kernels)
	case msg.FindContext, msg.ListContexts, msg.DeleteContext, msg.DeleteContexts, msg.ListLanguages:
		ctx.Send(r.kernels, m)
	case msg.CheckReady:
		r.admit(ctx, m, r.kernels)
	case msg.RunInSession:
		r.runInSession(ctx, m)
	case msg.CreateSession:
		r.admit(ctx, m, r.sessions)
	case msg.FindSession, msg.ListSessions, msg.DeleteSession:
		ctx.Send(r.sessions, m)
	case msg.CreateTerminal:
		r.admit(ctx, m, r.terminals)
	case msg.OpenTerminal:
		r.admit(ctx, m, r.terminals)
	case msg.FindTerminal, msg.ListTerminals, msg.ResizeTerminal, msg.DeleteTerminal:
		ctx.Send(r.terminals, m)
	case msg.WatchFiles:
		r.admit(ctx, m, r.watches)
	case msg.GetMetrics, msg.WatchMetrics:
		ctx.Send(r.metrics, m)
	case msg.SignalExecution:
		r.signal(ctx, m)
	case msg.FindExecution:
		r.find(m)
	case msg.ListExecutions:
		m.Answer(r.system.runs.list(m.Kind, m.State))
	case msg.RemoveExecution:
		r.remove(ctx, m)
	case msg.Interrupt:
		r.interrupt(ctx, m)
	case drain:
		r.drain(ctx, m)
	case actor.SystemMessage, actor.AutoReceiveMessage:
	default:
		r.system.unknown(classRoot, m)
	}
}

// start spawns the children again after a restart as well: the framework has
// stopped the old ones by then.
func (r *root) start(ctx actor.Context) {
	s := r.system
	r.commands = s.spawn(ctx, classCommands, func() actor.Actor { return &commands{system: s, children: children{}} }, classCommand)
	r.kernels = s.spawn(ctx, classKernels, func() actor.Actor { return newKernels(s) }, classSession)
	r.sessions = s.spawn(ctx, classSessions, func() actor.Actor { return newSessions(s, r.kernels) }, classBash)
	r.terminals = s.spawn(ctx, classTerminals, func() actor.Actor { return newTerminals(s, r.sessions) }, classTerminal)
	r.watches = s.spawn(ctx, classWatches, func() actor.Actor { return newWatches(s) }, classWatch)
	r.metrics = s.spawn(ctx, classMetrics, func() actor.Actor { return &watcher{system: s, meter: s.meter} })
	s.spawn(ctx, classJanitor, func() actor.Actor { return &janitor{system: s} })
}

// spawn makes a child that is named after its class.
func (s *System) spawn(ctx actor.Context, class Class, producer actor.Producer, of ...Class) *actor.PID {
	pid, err := ctx.SpawnNamed(s.props(class, producer, of...), string(class))
	if err != nil {
		panic(fmt.Errorf("spawn %s: %w", class, err))
	}
	return pid
}

// admit refuses new work once the daemon is shutting down.
func (r *root) admit(ctx actor.Context, m msg.Message, to *actor.PID) {
	if r.draining {
		m.Fail(msg.ErrDraining)
		return
	}
	ctx.Send(to, m)
}

func (r *root) runCommand(ctx actor.Context, m msg.RunCommand) {
	kind := msg.KindCommand
	if m.Command.Background {
		kind = msg.KindBackground
	}
	x, fresh := r.begin(m.Reply, &execution{
		kind: kind, content: m.Command.Content(), lines: !m.Command.Bytes, retry: m.Retry, origin: m.Origin,
	})
	if !fresh {
		return
	}
	if m.Command.Stdin && !x.openInput() {
		return
	}
	if kind == msg.KindCommand {
		x.log.Pace()
	}
	ctx.Send(r.commands, startCommand{execution: x, command: m.Command})
}

func (r *root) runCode(ctx actor.Context, m msg.RunCode) {
	x, fresh := r.begin(m.Reply, &execution{kind: msg.KindCode, content: m.Code, retry: m.Retry, origin: m.Origin})
	if fresh {
		ctx.Send(r.kernels, startCell{execution: x, request: m})
	}
}

func (r *root) runInSession(ctx actor.Context, m msg.RunInSession) {
	x, fresh := r.begin(m.Reply, &execution{kind: msg.KindSession, content: m.Script, lines: !m.Bytes, retry: m.Retry, origin: m.Origin})
	if !fresh || m.Stdin && !x.openInput() {
		return
	}
	x.log.Pace()
	x.log.Brief(x.look)
	ctx.Send(r.sessions, startRun{execution: x, request: m})
}

// begin registers an execution and promises its answer.
func (r *root) begin(reply msg.Reply[msg.Execution], x *execution) (*execution, bool) {
	if r.draining {
		reply.Fail(msg.ErrDraining)
		return nil, false
	}
	x, fresh, err := r.system.begin(x)
	if err != nil {
		reply.Fail(err)
		return nil, false
	}
	x.whenAdmitted(reply)
	return x, fresh
}

func (r *root) find(m msg.FindExecution) {
	x := r.system.runs.find(m.ID)
	switch {
	case x != nil && m.Measure:
		r.system.work(classRoot, func() { x.measure(); x.whenAdmitted(m.Reply) }, m.Fail)
		return
	case x != nil:
		x.whenAdmitted(m.Reply)
		return
	}
	m.Fail(errNoExecution(m.ID))
}

func (r *root) remove(ctx actor.Context, m msg.RemoveExecution) {
	x := r.system.runs.find(m.ID)
	switch {
	case x == nil:
		m.Fail(errNoExecution(m.ID))
	case x.over():
		r.system.runs.forget(x)
		m.Answer(msg.Nothing{})
	default:
		ctx.Send(r.supervisorOf(x), m)
	}
}

// interrupt finds out what the id names: an execution, or else a context.
func (r *root) interrupt(ctx actor.Context, m msg.Interrupt) {
	if x := r.system.runs.find(m.ID); x != nil {
		ctx.Send(r.supervisorOf(x), m)
		return
	}
	ctx.Send(r.terminals, m) // who sends on what is no terminal's, and so on
}

func (r *root) signal(ctx actor.Context, m msg.SignalExecution) {
	x := r.system.runs.find(m.ID)
	switch {
	case x == nil:
		m.Fail(errNoExecution(m.ID))
	case x.over():
		m.Fail(msg.Errorf(msg.NotRunning, "the execution %q has ended", m.ID))
	default:
		ctx.Send(r.supervisorOf(x), m)
	}
}

func (r *root) supervisorOf(x *execution) *actor.PID {
	switch x.kind {
	case msg.KindCode:
		return r.kernels
	case msg.KindSession:
		return r.sessions
	case msg.KindTerminal:
		return r.terminals
	}
	return r.commands
}

func errNoExecution(id string) error {
	return msg.Errorf(msg.ExecutionNotFound, "no execution has the id %q; it may have been removed after its retention", id)
}

// drain begins the end: nothing new is admitted, everything that runs is told
// to end, and a worker waits for that.
func (r *root) drain(ctx actor.Context, m drain) {
	r.draining = true
	r.system.draining.Store(true)
	left := time.Until(m.deadline)
	// Half of the window for the polite signal leaves the other half for
	// SIGKILL to take effect and for readers to get the last events.
	order := shutdown{grace: max(left/2, 0)}
	ctx.Send(r.commands, order)
	ctx.Send(r.kernels, order)
	ctx.Send(r.sessions, order)
	ctx.Send(r.terminals, order)
	ctx.Send(r.watches, order)
	s := r.system
	s.work(classRoot, func() {
		wait, cancel := context.WithDeadline(context.Background(), m.deadline)
		defer cancel()
		select {
		case <-s.runs.allEnded():
			s.endLeftovers(wait, order.grace)
			m.Answer(msg.Nothing{})
		case <-wait.Done():
			m.Fail(wait.Err())
		case <-s.done:
		}
	}, m.Fail)
}

func (s *System) unknown(class Class, m any) {
	s.config.Log.Error().Str("actor", string(class)).Str("message", fmt.Sprintf("%T", m)).Msg("unknown message")
}
