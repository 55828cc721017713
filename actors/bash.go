package actors

import (
	"context"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"execd/actors/event"
	"execd/actors/msg"
	"execd/shell"
)

// bash is the actor of one bash session: one run at a time, and a bounded
// queue behind it.
type bash struct {
	system   *System
	resident *resident
	self     *actor.PID

	opened  bool
	queue   []*sessionRun
	running *sessionRun
	closing bool          // a worker is ending the shell
	closed  bool          // it has
	waiting []msg.Message // to be answered when the session is gone

	traced atomic.Bool // the shell has the trace of a run; for the worker of a run alone
}

// What workers and timers tell a bash session.
type (
	opened struct{ err error }
	// vetted says whether a run can be what was asked for.
	vetted struct {
		run *sessionRun
		err error
	}
	ranOut struct {
		run  *sessionRun
		exit shell.Exit
		err  error
	}
	runStopped struct {
		run *sessionRun
		n   int
	}
	runLimit   struct{ run *sessionRun }
	runReaders struct {
		run *sessionRun
		n   int
	}
	runDeserted struct{ run *sessionRun }
	shellClosed struct{ n int }
)

func (b *bash) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		b.open(ctx)
	case opened:
		b.opened = true
		b.begun(ctx, m.err)
	case startRun:
		b.vet(m)
	case vetted:
		b.enqueue(m)
	case ranOut:
		b.ranOut(ctx, m)
	case runStopped:
		b.runStopped(ctx, m)
	case runLimit:
		b.cut(m.run, "timeout", syscall.SIGKILL, 0)
	case runReaders:
		b.readers(m.run, m.n)
	case runDeserted:
		b.deserted(m.run)
	case msg.Interrupt:
		b.interrupt(m)
	case msg.RemoveExecution:
		b.stopRun(m, m.ID, "removed")
	case msg.SignalExecution:
		b.signal(m)
	case msg.DeleteSession:
		b.waiting = append(b.waiting, m)
		b.close("deleted")
	case shutdown:
		b.shutdown(m)
	case shellClosed:
		b.shellClosed(ctx, m.n)
	case workerFailed:
		b.failed(ctx, m.err)
	case *actor.Stopping:
		b.abort()
	case actor.SystemMessage, actor.AutoReceiveMessage:
	default:
		b.system.unknown(classBash, m)
	}
}

func (b *bash) tell(m any) { b.system.tell(b.self, m) }

// work has a worker do fn; its panic ends the session.
func (b *bash) work(fn func()) { b.system.assign(b.job(fn)) }

func (b *bash) job(fn func()) job {
	return job{classBash, fn, func(err error) { b.tell(workerFailed{err}) }}
}

// vet checks what was asked for. A worker looks at the working directory, which may be on a slow disk.
func (b *bash) vet(m startRun) {
	r := &sessionRun{execution: m.execution, request: m.request, ran: make(chan struct{})}
	if b.closing || b.closed {
		m.refuse(errNoSession(m.request.ID))
		return
	}
	if err := shell.CheckRun(m.request.Script, m.request.Env); err != nil || m.request.Dir == "" {
		b.enqueue(vetted{r, err})
		return
	}
	at := b.resident.snapshot().Dir
	b.work(func() {
		var err error
		r.dir, err = directoryFrom(at, m.request.Dir, m.request.Env)
		b.tell(vetted{r, err})
	})
}

// enqueue takes a run: it begins at once in an idle session.
func (b *bash) enqueue(m vetted) {
	r := m.run
	switch {
	case m.err != nil:
		r.execution.refuse(invalid(m.err))
		return
	case b.closing || b.closed:
		r.execution.refuse(errNoSession(b.resident.id))
		return
	case len(b.queue) >= b.system.config.QueueLength:
		r.execution.refuse(msg.Errorf(msg.QueueFull, "%d runs wait in this session already; wait for them or interrupt it", len(b.queue)))
		return
	}
	if r.request.KillOnDisconnect {
		r.execution.log.OnReaders(func(n int) { b.tell(runReaders{r, n}) })
	}
	r.begun = b.system.pulse.begin(r.lasting)
	b.queue = append(b.queue, r)
	r.execution.admit()
	if r.queued = b.running != nil || len(b.queue) > 1; r.queued {
		r.execution.log.Append(queuedEvent(len(b.queue)))
	}
	b.note()
	b.next()
}

func (b *bash) note() {
	running := ""
	if b.running != nil {
		running = b.running.execution.id
	}
	b.resident.note(running, len(b.queue))
}

// next begins the first run of the queue when the shell is free.
func (b *bash) next() {
	if b.running != nil || len(b.queue) == 0 || !b.opened || b.closing || b.closed {
		return
	}
	r := b.queue[0]
	b.queue = b.queue[1:]
	b.running = r
	for i, waiting := range b.queue {
		waiting.execution.log.Append(queuedEvent(i + 1))
	}
	b.note()
	sh := b.resident.current()
	why := sh.Fresh()
	if why != "" {
		r.execution.log.Append(freshEvent(why))
	}
	if r.queued {
		r.execution.log.Append(event.Event{Type: event.TypeStatus, Status: "running"})
	}
	r.execution.running()
	if limit := r.request.Timeout; limit > 0 {
		r.timer = time.AfterFunc(limit, func() { b.tell(runLimit{r}) })
	}
	if why == "" && len(r.request.Script) < shortScript { // nothing to wait for
		b.start(sh, r)
		return
	}
	b.work(func() { b.start(sh, r) })
}

// freshEvent says that a run does not find the shell of the one before, and why.
func freshEvent(why string) event.Event {
	return event.Event{Type: event.TypeStatus, Status: "fresh_shell", Reason: why}
}

func (b *bash) ranOut(ctx actor.Context, m ranOut) {
	r := m.run
	if b.running != r {
		return
	}
	o := commandOutcome(m.exit, r.reason, r.request.Timeout)
	o.usage = usageInSession(m.exit)
	if m.err != nil {
		o = failure("CommandExecError", m.err.Error(), orElse(r.reason, "start"))
	}
	r.outcome = &o
	if !r.stopping {
		b.settleRunning(ctx, r.ended)
	}
}

// settleRunning ends the run once the shell has, and nobody is ending its
// processes any more.
func (b *bash) settleRunning(ctx actor.Context, n int) {
	r := b.running
	r.outcome.terminal.Killed, r.outcome.killed = n, n
	if r.outcome.reason != "" && r.outcome.signal != "" {
		r.execution.log.Append(event.Event{Type: event.TypeStatus, Status: "killed", Signal: r.outcome.signal, Reason: r.outcome.reason})
	}
	r.settle(*r.outcome)
	b.running = nil
	b.note()
	b.finish(ctx)
	b.next()
}

// finish stops the actor once the session is gone with all that ran in it.
func (b *bash) finish(ctx actor.Context) {
	if !b.closed || b.running != nil {
		return
	}
	for _, m := range b.waiting {
		succeed(m)
	}
	b.waiting = nil
	ctx.Send(ctx.Parent(), gone{b.resident.id})
	ctx.Stop(ctx.Self())
}

// failed ends the session after a worker of it panicked.
func (b *bash) failed(ctx actor.Context, err error) {
	b.system.config.Log.Error().Err(err).Str("session", b.resident.id).Msg("session given up")
	ctx.Stop(ctx.Self())
}

// abort makes up for an actor that stops before its session is gone.
func (b *bash) abort() {
	if b.running != nil {
		stopTimer(b.running.timer)
		stopTimer(b.running.lonely)
	}
	if b.closed {
		return
	}
	r := b.resident
	r.isFailed(b.system.lostError())
	b.system.work(classBash, func() { r.close(context.Background()) }, nil)
}
