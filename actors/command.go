package actors

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"execd/actors/event"
	"execd/actors/msg"
	"execd/shell"
)

// command runs one shell command. The process and its output belong to a
// worker; the actor decides when and why it ends.
type command struct {
	system    *System
	execution *execution
	spec      msg.Command

	process  *shell.Process
	reason   string   // why it is being stopped; empty for its own end
	stopping bool     // a worker is stopping the group
	killed   int      // processes that it has seen end
	outcome  *outcome // of a command that is being stopped, until that is done
	ended    bool     // the leader has exited and the terminal event is in
	waiting  []msg.Message
	early    []msg.SignalExecution // that came before the process
	timeout  *time.Timer
	lonely   *time.Timer
	readers  int
}

// What the workers and timers of a command tell its actor.
type (
	started struct{ process *shell.Process }
	refused struct{}
	unborn  struct{ err error }
	exited  struct {
		exit shell.Exit
		oom  bool // by the kernel's hand
	}
	stopped  struct{ n int }
	timedOut struct{}
	// readersNow says how many cursors its log has.
	readersNow struct{ n int }
	// deserted says that the disconnect grace is over.
	deserted struct{}
	// workerFailed says that a worker panicked.
	workerFailed struct{ err error }
)

func newCommand(s *System, x *execution, spec msg.Command) *command {
	return &command{system: s, execution: x, spec: spec}
}

func (c *command) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		c.start(ctx)
	case started:
		c.started(ctx, m.process)
	case refused:
		ctx.Stop(ctx.Self())
	case unborn:
		c.end(ctx, failure("CommandExecError", m.err.Error(), "start"))
	case exited:
		c.execution.closeInput()
		if m.oom && c.reason == "" {
			c.reason = reasonMemory
		}
		c.end(ctx, commandOutcome(m.exit, c.reason, c.spec.Timeout))
	case stopped:
		c.stopped(ctx, m.n)
	case timedOut:
		c.stop(ctx, "timeout", syscall.SIGKILL, 0)
	case msg.Interrupt:
		c.request(ctx, m, "interrupt")
	case msg.RemoveExecution:
		c.request(ctx, m, "removed")
	case msg.SignalExecution:
		c.signal(m)
	case shutdown:
		c.stop(ctx, "shutdown", syscall.SIGTERM, m.grace)
	case readersNow:
		c.readersNow(ctx, m.n)
	case deserted:
		c.deserted(ctx)
	case workerFailed:
		c.failed(ctx, m.err)
	case *actor.Stopping:
		c.abort()
	case actor.SystemMessage, actor.AutoReceiveMessage:
	default:
		c.system.unknown(classCommand, m)
	}
}

func (c *command) start(ctx actor.Context) {
	self := ctx.Self()
	if c.spec.KillOnDisconnect {
		c.execution.log.OnReaders(func(n int) { c.system.tell(self, readersNow{n}) })
	}
	c.system.work(classCommand, func() { c.run(self) }, func(err error) { c.system.tell(self, workerFailed{err}) })
}

// run is the worker: it checks, starts and follows the process, and tells the
// actor. The actor's fields are not its to touch.
func (c *command) run(self *actor.PID) {
	tell := func(m any) { c.system.tell(self, m) }
	spec := c.spec
	spec.Env = c.execution.journey.vars(spec.Env)
	prepared, err := c.system.prepare(spec, c.system.about(c.execution))
	if err != nil {
		c.execution.refuse(err)
		tell(refused{})
		return
	}
	stranger := prepared.Credential != nil
	if !stranger {
		c.execution.beginAtOnce()
	}
	prepared.ID = c.execution.id
	prepared.Stdin = c.execution.takeStdin()
	p, err := shell.Start(prepared)
	if prepared.Stdin != nil {
		_ = prepared.Stdin.Close() // the process has its own
	}
	if stranger && errors.Is(err, os.ErrPermission) { // only the attempt shows what another user may not
		c.execution.refuse(invalid(err))
		tell(refused{})
		return
	}
	c.execution.beginAtOnce()
	if err != nil {
		tell(unborn{err})
		return
	}
	if !c.execution.adopt(p) {
		p.Kill()
	}
	tell(started{p})
	out := newSink(c.execution)
	exit := p.Run(out)
	out.finish()
	tell(exited{exit, c.system.killedForMemory(exit)})
	c.follow(p)
}

// follow keeps the output of background children flowing after the end of
// the command, and lets go of the process when nobody is left.
func (c *command) follow(p *shell.Process) {
	<-p.OutputDone()
	c.execution.output.Close()
	if !p.LeftBehind() {
		c.execution.forgetProcess()
	}
}

func (c *command) started(ctx actor.Context, p *shell.Process) {
	c.process = p
	if c.spec.Timeout > 0 {
		self := ctx.Self()
		c.timeout = time.AfterFunc(time.Until(p.Started().Add(c.spec.Timeout)), func() { c.system.tell(self, timedOut{}) })
	}
	c.signalEarly()
	if c.reason != "" { // it was to stop before it had started
		reason := c.reason
		c.reason = ""
		c.stop(ctx, reason, syscall.SIGTERM, c.system.config.StopGrace)
	}
}

// request stops the command for a client and answers when its group is gone.
func (c *command) request(ctx actor.Context, m msg.Message, reason string) {
	c.waiting = append(c.waiting, m)
	c.stop(ctx, reason, syscall.SIGTERM, c.system.config.StopGrace)
}

// stop has a worker end the process group: with first, and with SIGKILL after
// the grace. The first reason given is the one that the terminal event tells.
func (c *command) stop(ctx actor.Context, reason string, first syscall.Signal, grace time.Duration) {
	if c.reason == "" && !c.ended {
		c.reason = reason
	}
	if c.process == nil {
		return // started, or the end, comes back to it
	}
	if c.stopping && first != syscall.SIGKILL {
		return
	}
	c.stopping = true
	p, self := c.process, ctx.Self()
	c.system.work(classCommand, func() {
		c.system.tell(self, stopped{p.Stop(context.Background(), first, grace)})
	}, func(err error) { c.system.tell(self, workerFailed{err}) })
}

func (c *command) stopped(ctx actor.Context, n int) {
	c.stopping, c.killed = false, max(c.killed, n)
	if c.outcome != nil {
		c.end(ctx, *c.outcome)
		return
	}
	c.finish(ctx)
}

// end ends the log. Where the command is being stopped its descendants may
// outlive its leader: then it ends when they are gone and counted.
func (c *command) end(ctx actor.Context, o outcome) {
	if c.stopping {
		c.outcome = &o
		return
	}
	if c.ended {
		return
	}
	o.killed, o.terminal.Killed = c.killed, c.killed
	if o.signal != "" {
		c.execution.log.Append(event.Event{Type: event.TypeStatus, Status: "killed", Signal: o.signal, Reason: o.reason})
	}
	c.execution.end(o)
	c.ended = true
	c.signalEarly()
	c.stopTimers()
	c.finish(ctx)
}

// finish stops the actor once the command has ended and nobody is stopping it.
func (c *command) finish(ctx actor.Context) {
	if !c.ended || c.stopping {
		return
	}
	for _, m := range c.waiting {
		succeed(m)
	}
	c.waiting = nil
	ctx.Stop(ctx.Self())
}

// failed ends the command after a worker of it panicked.
func (c *command) failed(ctx actor.Context, err error) {
	c.execution.abandon(failure("InternalError", err.Error(), "internal"))
	c.ended, c.stopping = true, false
	c.signalEarly()
	c.finish(ctx)
}

// abort makes up for an actor that stops before its command has ended.
func (c *command) abort() {
	c.stopTimers()
	if !c.ended {
		c.execution.abandon(c.system.lost("this command"))
	}
}

// lost is the outcome of what was running when its actor ended.
func (s *System) lost(what string) outcome {
	if s.stopping.Load() {
		return failure("Shutdown", "execd stopped and ended "+what, "shutdown")
	}
	return failure("InternalError", "execd failed internally and ended "+what, "internal")
}

func (c *command) readersNow(ctx actor.Context, n int) {
	c.readers = n
	if n > 0 || c.ended {
		stopTimer(c.lonely)
		return
	}
	self := ctx.Self()
	stopTimer(c.lonely)
	c.lonely = time.AfterFunc(c.system.config.DisconnectGrace, func() { c.system.tell(self, deserted{}) })
}

func (c *command) deserted(ctx actor.Context) {
	if c.readers == 0 {
		c.stop(ctx, "disconnect", syscall.SIGTERM, c.system.config.StopGrace)
	}
}

func (c *command) stopTimers() {
	stopTimer(c.timeout)
	stopTimer(c.lonely)
}

func stopTimer(t *time.Timer) {
	if t != nil {
		t.Stop()
	}
}
