package actors

import (
	"context"
	"os"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"execd/actors/msg"
	"execd/shell"
)

// sessionRun is one command in a bash session. It is its actor's alone.
type sessionRun struct {
	execution *execution
	request   msg.RunInSession
	dir       string
	queued    bool // it was told that it waits

	reason   string        // why it is being ended
	stopping bool          // a worker is ending its processes
	ran      chan struct{} // closed when the shell is done with it
	begun    *beginning
	stdin    *os.File // its end of it, once it was started; nil without
	sink     *sink
	repeated bool // a second shell was given it, for the first had ended before; the worker's

	isLasting atomic.Bool // it is not over at once
	outcome   *outcome
	ended     int           // processes that were ended with it
	waiting   []msg.Message // to be answered at its end
	timer     *time.Timer
	lonely    *time.Timer
	present   int // readers
}

// lasting is called when the run is not over at once.
func (r *sessionRun) lasting() {
	r.isLasting.Store(true)
	if u := r.execution.underway.Load(); u != nil {
		u.Lasts()
	}
	r.execution.log.Lasts()
}

func (r *sessionRun) settle(o outcome) {
	r.begun.over.Store(true)
	stopTimer(r.timer)
	stopTimer(r.lonely)
	r.execution.admit()
	r.execution.end(o)
	for _, m := range r.waiting {
		succeed(m)
	}
	r.waiting = nil
}

// succeed answers a request that only wants to know that it was done.
func succeed(m msg.Message) {
	if q, ok := m.(interface{ Answer(msg.Nothing) }); ok {
		q.Answer(msg.Nothing{})
	}
}

// interrupt takes the id of the session, which it closes, or of a run.
func (b *bash) interrupt(m msg.Interrupt) {
	if m.ID == b.resident.id {
		b.waiting = append(b.waiting, m)
		b.close("deleted")
		return
	}
	b.stopRun(m, m.ID, "interrupt")
}

// stopRun ends a run, or takes it out of the queue, and answers when its
// processes are gone.
func (b *bash) stopRun(m msg.Message, id, reason string) {
	if i := slices.IndexFunc(b.queue, func(r *sessionRun) bool { return r.execution.id == id }); i >= 0 {
		r := b.queue[i]
		b.queue = slices.Delete(b.queue, i, i+1)
		r.settle(failure("ExecutionAborted", "the run was taken out of the queue before it began", reason))
		b.note()
		succeed(m)
		return
	}
	r := b.running
	if r == nil || r.execution.id != id {
		m.Fail(msg.Errorf(msg.ExecutionNotFound, "the run %q has ended", id))
		return
	}
	r.waiting = append(r.waiting, m)
	b.cut(r, reason, syscall.SIGINT, b.system.config.StopGrace)
}

// cut has a worker end the run: with first, and with SIGKILL after the grace.
// The session goes on.
func (b *bash) cut(r *sessionRun, reason string, first syscall.Signal, grace time.Duration) {
	if b.running != r || r.outcome != nil {
		return
	}
	r.reason = orElse(r.reason, reason)
	if r.stopping {
		return
	}
	r.stopping = true
	sh := b.resident.current()
	b.work(func() { b.tell(runStopped{r, r.end(sh, first, grace)}) })
}

// end ends the processes of the run and tells how many those were. An
// interrupt finds nothing before the shell has begun with the run: then it has
// to be repeated.
func (r *sessionRun) end(sh *shell.Session, first syscall.Signal, grace time.Duration) int {
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for n := 0; ; {
		n += sh.Interrupt(context.Background(), r.execution.id, first, grace)
		select {
		case <-r.ran:
			return n
		case <-again.C:
		}
	}
}

func (b *bash) runStopped(ctx actor.Context, m runStopped) {
	if b.running != m.run {
		return
	}
	m.run.stopping = false
	if m.run.outcome != nil {
		b.settleRunning(ctx, m.n)
		return
	}
	m.run.ended = m.n
}

func (b *bash) signal(m msg.SignalExecution) {
	sig, err := shell.ParseSignal(m.Signal)
	switch {
	case err != nil:
		m.Fail(invalid(err))
	case b.running == nil || b.running.execution.id != m.ID:
		m.Fail(msg.Errorf(msg.NotRunning, "the run %q is not running", m.ID))
	default:
		sh, r := b.resident.current(), b.running
		b.system.work(classBash, func() {
			if err := r.signal(sh, sig); err != nil {
				m.Fail(msg.Errorf(msg.NotRunning, "the run %q has ended: %w", m.ID, err))
				return
			}
			m.Answer(msg.Nothing{})
		}, m.Fail)
	}
}

// signal sends a signal to the run, once the shell has begun with it.
func (r *sessionRun) signal(sh *shell.Session, sig syscall.Signal) error {
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		err := sh.Signal(r.execution.id, sig)
		if err == nil {
			return nil
		}
		select {
		case <-r.ran:
			return err
		case <-again.C:
		}
	}
}

func (b *bash) readers(r *sessionRun, n int) {
	r.present = n
	stopTimer(r.lonely)
	if n == 0 && !r.execution.over() {
		r.lonely = time.AfterFunc(b.system.config.DisconnectGrace, func() { b.tell(runDeserted{r}) })
	}
}

func (b *bash) deserted(r *sessionRun) {
	if r.present > 0 {
		return
	}
	if b.running == r {
		b.cut(r, "disconnect", syscall.SIGINT, b.system.config.StopGrace)
		return
	}
	if i := slices.Index(b.queue, r); i >= 0 {
		b.queue = slices.Delete(b.queue, i, i+1)
		r.settle(failure("ExecutionAborted", "nobody waited for the run any more", "disconnect"))
		b.note()
	}
}

// close ends the session with everything in it.
func (b *bash) close(reason string) {
	for _, r := range b.queue {
		r.settle(failure("SessionClosed", "the session was closed before this run began", reason))
	}
	b.queue = nil
	if b.running != nil {
		b.running.reason = orElse(b.running.reason, reason)
	}
	b.note()
	if b.closing {
		return
	}
	b.closing = true
	r := b.resident
	b.work(func() { b.tell(shellClosed{r.close(context.Background())}) })
}

func (b *bash) shellClosed(ctx actor.Context, n int) {
	b.closed = true
	if b.running != nil {
		b.running.ended = n
	}
	b.finish(ctx)
}

// shutdown lets a run end politely before the session does.
func (b *bash) shutdown(m shutdown) {
	if b.running != nil {
		b.cut(b.running, "shutdown", syscall.SIGTERM, m.grace)
		for _, r := range b.queue {
			r.settle(failure("Shutdown", "execd is shutting down", "shutdown"))
		}
		b.queue = nil
		return
	}
	b.close("shutdown")
}
