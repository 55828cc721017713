package actors

import (
	"context"
	"strings"
	"syscall"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"execd/actors/msg"
	"execd/shell"
)

// terminal is the actor of one terminal: it starts its process when somebody
// comes and none runs, and ends it.
type terminal struct {
	system  *System
	console *console
	self    *actor.PID

	prepared  bool
	execution *execution // in progress, or nil
	screen    *screen
	reason    string // why its process is being ended
	stopping  bool
	killed    int
	outcome   *outcome
	arriving  []msg.OpenTerminal // wait for the process to start
	stoppers  []msg.Message      // wait for the end of the process
	closing   bool
	sweeping  bool          // what its processes have left behind is being ended
	swept     bool          // nothing of it is left
	waiting   []msg.Message // to be answered when the terminal is gone
}

// What the workers of a terminal tell it.
type (
	prepared struct{ err error }
	shown    struct {
		execution *execution
		screen    *screen
		err       error
	}
	darkened struct {
		execution *execution
		exit      shell.Exit
	}
	screenStopped struct {
		execution *execution
		n         int
	}
	leftoversEnded struct{}
)

func (t *terminal) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		t.prepare(ctx)
	case prepared:
		t.isPrepared(ctx, m.err)
	case msg.OpenTerminal:
		t.open(m)
	case shown:
		t.shown(ctx, m)
	case darkened:
		t.darkened(ctx, m)
	case screenStopped:
		t.screenStopped(ctx, m)
	case leftoversEnded:
		t.swept = true
		t.finish(ctx)
	case msg.ResizeTerminal:
		t.resize(m)
	case msg.SignalExecution:
		t.signal(m)
	case msg.Interrupt:
		t.interrupt(ctx, m)
	case msg.RemoveExecution:
		t.stoppers = append(t.stoppers, m)
		t.stop("removed", syscall.SIGHUP, t.system.config.StopGrace)
	case msg.DeleteTerminal:
		t.waiting = append(t.waiting, m)
		t.close(ctx, "deleted", syscall.SIGKILL, 0)
	case shutdown:
		t.swept = true // the system sees to what is left, for everybody
		t.close(ctx, "shutdown", syscall.SIGHUP, m.grace)
	case workerFailed:
		ctx.Stop(ctx.Self())
	case *actor.Stopping:
		t.abort()
	case actor.SystemMessage, actor.AutoReceiveMessage:
	default:
		t.system.unknown(classTerminal, m)
	}
}

func (t *terminal) tell(m any) { t.system.tell(t.self, m) }

// work has a worker do fn; its panic ends the terminal.
func (t *terminal) work(fn func()) {
	t.system.work(classTerminal, fn, func(err error) { t.tell(workerFailed{err}) })
}

// prepare has a worker find the environment and make the directory.
func (t *terminal) prepare(ctx actor.Context) {
	t.self = ctx.Self()
	c := t.console
	t.work(func() {
		log := t.system.config.Log.With().Str("terminal", c.id).Logger()
		env, err := t.system.consoleEnv(c.extra, &log)
		if err == nil && strings.ContainsRune(c.command, 0) {
			err = invalid(shell.ErrNUL)
		}
		if err == nil {
			_, err = contextDir(c.dir)
		}
		c.env = env
		t.tell(prepared{err})
	})
}

func (t *terminal) isPrepared(ctx actor.Context, err error) {
	t.prepared = true
	t.console.isReady(err)
	switch {
	case err != nil:
		t.turnAway(err)
		t.close(ctx, "start", syscall.SIGKILL, 0)
	case len(t.arriving) > 0:
		t.start(t.arriving[0])
	}
}

// open gives a seat, at a process that may have to be started first.
func (t *terminal) open(m msg.OpenTerminal) {
	switch {
	case t.closing:
		m.Fail(errNoTerminal(m.ID))
	case t.screen != nil:
		t.seat(m)
	default:
		t.arriving = append(t.arriving, m)
		if t.execution == nil && t.prepared {
			t.start(m)
		}
	}
}

func (t *terminal) seat(m msg.OpenTerminal) {
	place, err := t.console.take(m.Observer, m.Takeover)
	if err != nil {
		m.Fail(err)
		return
	}
	m.Answer(place)
}

// start has a worker start the process, as the first who came wants it.
func (t *terminal) start(first msg.OpenTerminal) {
	c, pipes := t.console, first.Pipes
	content := c.command
	if content == "" {
		content = "bash"
	}
	x, _, err := t.system.begin(&execution{kind: msg.KindTerminal, content: content, contextID: c.id, origin: first.Origin})
	if err != nil {
		t.turnAway(err)
		return
	}
	t.execution, t.reason, t.killed, t.outcome = x, "", 0, nil
	t.work(func() {
		dir, err := contextDir(c.dir)
		if err != nil {
			t.tell(shown{x, nil, err})
			return
		}
		s, err := c.openScreen(x, dir, pipes)
		if err == nil && !x.adopt(s.process) {
			s.process.Kill()
		}
		if err == nil {
			c.begin(x, pipes)
		}
		t.tell(shown{x, s, err})
		if err == nil {
			t.follow(x, s)
		}
	})
}

// follow is the worker of a process.
func (t *terminal) follow(x *execution, s *screen) {
	out := newSink(x)
	exit := s.process.Run(out)
	out.finish()
	t.tell(darkened{x, exit})
	<-s.process.OutputDone()
	x.output.Close() // the process is not forgotten: see sweep
}

func (t *terminal) turnAway(err error) {
	for _, m := range t.arriving {
		m.Fail(err)
	}
	t.arriving = nil
}

func (t *terminal) shown(ctx actor.Context, m shown) {
	if m.err != nil {
		t.execution = nil
		m.execution.refuse(m.err)
		t.turnAway(msg.Errorf(msg.RuntimeError, "start terminal: %w", m.err))
		t.finish(ctx)
		return
	}
	t.screen = m.screen
	m.execution.admit()
	m.execution.running()
	arriving := t.arriving
	t.arriving = nil
	for _, a := range arriving {
		t.seat(a)
	}
	if t.reason != "" { // it was to stop before it had started
		reason := t.reason
		t.reason = ""
		t.stop(reason, syscall.SIGKILL, 0)
	}
}

// stop has a worker end the process and what was started on the terminal.
func (t *terminal) stop(reason string, first syscall.Signal, grace time.Duration) {
	t.reason = orElse(t.reason, reason)
	if t.screen == nil || t.stopping {
		return
	}
	t.stopping = true
	x, p := t.execution, t.screen.process
	t.work(func() { t.tell(screenStopped{x, p.Stop(context.Background(), first, grace)}) })
}

func (t *terminal) screenStopped(ctx actor.Context, m screenStopped) {
	if m.execution != t.execution {
		return
	}
	t.stopping, t.killed = false, m.n
	t.settle(ctx)
}

func (t *terminal) darkened(ctx actor.Context, m darkened) {
	if m.execution != t.execution {
		return
	}
	o := commandOutcome(m.exit, t.reason, 0)
	t.outcome = &o
	t.settle(ctx)
}

// settle ends the execution once its process has, and nobody is ending it any
// more.
func (t *terminal) settle(ctx actor.Context) {
	if t.outcome == nil || t.stopping {
		return
	}
	t.outcome.killed, t.outcome.terminal.Killed = t.killed, t.killed
	t.console.ended()
	t.execution.end(*t.outcome)
	for _, m := range t.stoppers {
		succeed(m)
	}
	t.stoppers, t.execution, t.screen = nil, nil, nil
	t.finish(ctx)
}
