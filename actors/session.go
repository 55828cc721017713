package actors

import (
	"context"
	"errors"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"execd/actors/event"
	"execd/actors/msg"
	"execd/kernel"
)

// session is the actor of one code context: one run at a time, and a queue
// behind it.
type session struct {
	system   *System
	notebook *notebook
	self     *actor.PID
	cancel   context.CancelFunc // of the worker that starts a kernel
	idle     *time.Timer        // of a context that nobody uses
	round    int                // how many cells have begun
}

// What workers and timers tell a session.
type (
	resolved struct {
		attempt int
		err     error
	}
	born struct {
		attempt int
		err     error
	}
	died      struct{ kernel kernel.Kernel }
	cellLimit struct{ cell *cell }
	// stuck says that a cell goes on a grace after it was interrupted.
	stuck       struct{ cell *cell }
	cellReaders struct {
		cell *cell
		n    int
	}
	cellDeserted struct{ cell *cell }
)

func (s *session) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		s.start(ctx)
	case startCell:
		s.enqueue(m)
	case resolved:
		s.resolved(ctx, m)
	case born:
		s.born(ctx, m)
	case finished:
		s.finished(m.cell)
	case died:
		s.died(m.kernel)
	case msg.Interrupt:
		s.interrupt(m)
	case msg.RemoveExecution:
		s.removeRun(m)
	case msg.RestartContext:
		s.restart(m)
	case unused:
		s.cull(m.round)
	case msg.DeleteContext:
		s.end(ctx, "ContextDeleted", "the context was deleted", "deleted")
		m.Answer(msg.Nothing{})
	case shutdown:
		s.end(ctx, "Shutdown", "execd is shutting down", "shutdown")
	case cellLimit:
		s.limit(m.cell)
	case stuck:
		s.stuck(m.cell)
	case cellReaders:
		s.readers(m.cell, m.n)
	case cellDeserted:
		s.deserted(m.cell)
	case *actor.Stopping, *actor.Restarting:
		s.stopWorker()
	case actor.SystemMessage, actor.AutoReceiveMessage:
	default:
		s.system.unknown(classSession, m)
	}
}

// start starts a kernel, or finds the one of an earlier incarnation, which
// may have ended its run or died meanwhile.
func (s *session) start(ctx actor.Context) {
	s.self = ctx.Self()
	n := s.notebook
	n.starting = false
	if n.isCondemned() {
		s.end(ctx, "ContextDeleted", "the context was deleted", "deleted")
		return
	}
	if n.current() == nil {
		s.startKernel()
		return
	}
	s.born(ctx, born{n.attempt, nil})
	if n.running != nil {
		s.resume(n.running)
	}
}

func (s *session) tell(m any) { s.system.tell(s.self, m) }

func (s *session) work(fn func()) { s.system.work(classSession, fn, nil) }

// startKernel has a worker start the kernel, once the one before it is gone:
// a new one may want the ports that the old one holds. The language is looked
// up first, so that runs which wait for it are refused or admitted without delay.
func (s *session) startKernel() {
	n := s.notebook
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel, n.starting = cancel, true
	n.become(contextStarting)
	attempt, old := n.begin()
	provider, self, system := s.system.config.Kernels, s.self, s.system
	system.work(classSession, func() {
		n.shutdown(ctx, system, old)
		dir, err := contextDir(n.dir)
		if err == nil {
			err = checkEnv(n.env)
		}
		if err == nil {
			_, err = provider.Lookup(ctx, n.language)
		}
		system.tell(self, resolved{attempt, err})
		if err != nil {
			return
		}
		began := time.Now()
		k, err := provider.Start(ctx, kernel.StartSpec{
			ID: n.id, Language: n.language, Dir: dir, Env: environment(n.env), Stdin: true,
		})
		system.tally.kernelStarted(began, err)
		if err == nil && (ctx.Err() != nil || !n.adopt(k, attempt)) {
			killKernel(k) // nobody is there to take it
		}
		system.tell(self, born{attempt, err})
	}, func(err error) { system.tell(self, born{attempt, err}) })
}

func (s *session) resolved(ctx actor.Context, m resolved) {
	n, err := s.notebook, m.err
	if m.attempt != n.attempt || n.resolved && err == nil {
		return
	}
	if err == nil {
		n.resolved = true
		for i, c := range n.queue {
			s.admit(c, i+1)
		}
		return
	}
	n.starting = false
	n.isFailed(refusal(err))
	for _, c := range n.queue {
		if !c.execution.refuse(refusal(err)) {
			s.settle(c, failure("KernelStartError", err.Error(), "start"))
		}
	}
	n.queue = nil
	s.close(ctx)
}

// refusal tells a client why there is no kernel.
func refusal(err error) error {
	var known *msg.Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, kernel.ErrNoKernel):
		return msg.Errorf(msg.KernelMissing, "%w", err)
	}
	return msg.Errorf(msg.RuntimeError, "start kernel: %w", err)
}

func (s *session) born(ctx actor.Context, m born) {
	n := s.notebook
	if m.attempt != n.attempt {
		return
	}
	n.starting = false
	if m.err != nil {
		s.stillborn(ctx, m.err)
		return
	}
	s.resolved(ctx, resolved{n.attempt, nil})
	if n.running == nil {
		n.become(contextIdle)
	}
	n.isReady()
	s.watch(n.current())
	s.next()
}

// stillborn ends what waits for a kernel that did not start. A context that
// never had one is over; the next run tries again with a new one.
func (s *session) stillborn(ctx actor.Context, err error) {
	n := s.notebook
	s.system.config.Log.Error().Err(err).Str("context", n.id).Str("language", n.language).Msg("kernel did not start")
	n.isFailed(refusal(err))
	s.abortQueue(failure("KernelStartError", err.Error(), "start"))
	if n.ready {
		n.mu.Lock()
		n.failure = nil
		n.mu.Unlock()
		n.become(contextDead)
		return
	}
	s.close(ctx)
}

// watch tells the actor when the kernel dies.
func (s *session) watch(k kernel.Kernel) {
	system, self := s.system, s.self
	system.work(classSession, func() {
		select {
		case <-k.Done():
			system.tell(self, died{k})
		case <-system.done:
		}
	}, nil)
}

// died marks the context; the run that was in the kernel has its own end, and
// those behind it counted on state that is lost.
func (s *session) died(k kernel.Kernel) {
	n := s.notebook
	if n.current() != k {
		return
	}
	n.takeKernel()
	n.become(contextDead)
	n.fresh = "kernel died"
	s.system.config.Log.Warn().Err(k.Err()).Str("context", n.id).Msg("kernel died")
	if n.running == nil {
		s.abortQueue(failure("KernelDied", "the kernel died before this run began", "kernel died"))
	}
}

// end ends the context with everything in it.
func (s *session) end(ctx actor.Context, name, text, reason string) {
	n := s.notebook
	s.breakOff(failure(name, text, reason))
	s.abortQueue(failure(name, text, reason))
	n.isFailed(msg.Errorf(msg.ContextNotFound, "%s", text))
	s.close(ctx)
}

// close stops the actor and ends the kernel.
func (s *session) close(ctx actor.Context) {
	s.stopWorker()
	s.notebook.close(s.system)
	ctx.Send(ctx.Parent(), gone{s.notebook.id})
	ctx.Stop(ctx.Self())
}

func (s *session) stopWorker() {
	if s.cancel != nil {
		s.cancel()
		s.cancel = nil
	}
	stopTimer(s.idle)
}

// queuedEvent says where in the queue a run is, from 1.
func queuedEvent(position int) event.Event {
	return event.Event{Type: event.TypeStatus, Status: "queued", Position: position}
}
