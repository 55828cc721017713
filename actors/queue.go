package actors

import (
	"context"
	"slices"
	"time"

	"execd/actors/event"
	"execd/actors/msg"
	"execd/kernel"
)

// interruptGrace is how long a cell may go on after it was interrupted for a
// timeout or for a client that left, before its kernel is killed: code that
// ignores KeyboardInterrupt must not hold its context for ever.
const interruptGrace = 5 * time.Second

// enqueue takes a run: it begins at once in an idle context.
func (s *session) enqueue(m startCell) {
	n := s.notebook
	if len(n.queue) >= s.system.config.QueueLength {
		m.refuse(msg.Errorf(msg.QueueFull, "%d runs wait in this context already; wait for them or interrupt it", len(n.queue)))
		return
	}
	c := &cell{
		execution: m.execution, code: m.request.Code, env: m.request.Env, limit: m.request.Timeout,
		comms: m.request.Comms, leaves: m.request.KillOnDisconnect, tell: s.tell,
	}
	if m.request.Stdin {
		c.answers = &answers{}
		m.answer(c.answers)
	}
	if c.leaves {
		m.log.OnReaders(func(readers int) { s.tell(cellReaders{c, readers}) })
	}
	n.queue = append(n.queue, c)
	if n.resolved {
		s.admit(c, len(n.queue))
	}
	s.next()
}

// admit answers the client; a run that does not begin at once is told where
// it stands.
func (s *session) admit(c *cell, position int) {
	c.execution.admit()
	n := s.notebook
	if position > 1 || n.running != nil {
		c.execution.log.Append(queuedEvent(position))
	}
}

// next begins the first run of the queue when the kernel is free. A dead
// kernel is replaced first.
func (s *session) next() {
	n := s.notebook
	if n.running != nil || len(n.queue) == 0 || n.starting || !n.resolved {
		s.rest()
		return
	}
	stopTimer(s.idle)
	k := n.current()
	if k == nil {
		s.startKernel()
		return
	}
	c := n.queue[0]
	n.queue = n.queue[1:]
	n.running = c
	s.round++
	n.become(contextBusy)
	s.announce(c)
	c.execution.running()
	c.begun = time.Now()
	s.arm(c)
	c.answers.of(k)
	c.clock = startClock(k)
	request := kernel.Request{
		Code: c.code, StoreHistory: true, AllowStdin: c.answers != nil, Comms: c.comms, Metadata: c.execution.journey.metadata(),
	}
	if err := kernel.ExecuteWith(k, c.env, request, c); err != nil {
		c.Finished(kernel.Result{Status: kernel.StatusDead, Err: err})
	}
}

// arm sets the clock of a run that has a timeout.
func (s *session) arm(c *cell) {
	if c.limit > 0 {
		c.timer = stopAfter(c.timer, time.Until(c.begun.Add(c.limit)), func() { s.tell(cellLimit{c}) })
	}
}

// resume takes over the run of an earlier incarnation, whose failure may have
// swallowed any news of it.
func (s *session) resume(c *cell) {
	switch {
	case c.result.Load() != nil:
		s.finished(c)
	case c.reason != "":
		s.cut(c, c.reason)
	default:
		s.arm(c)
		s.readers(c, c.execution.log.Readers())
	}
}

// announce tells a run what it could not know when it was sent, and those
// behind it where they stand now.
func (s *session) announce(c *cell) {
	n := s.notebook
	if n.fresh != "" {
		c.execution.log.Append(event.Event{Type: event.TypeStatus, Status: "kernel_restarted", Reason: n.fresh})
		n.fresh = ""
	}
	if c.execution.log.Range().Last > 1 {
		c.execution.log.Append(event.Event{Type: event.TypeStatus, Status: "running"})
	}
	for i, waiting := range n.queue {
		waiting.execution.log.Append(queuedEvent(i + 1))
	}
}

// finished ends a run with what the kernel said of it, and begins the next.
func (s *session) finished(c *cell) {
	n := s.notebook
	if n.running != c {
		return // its end was decided before: the context is being deleted
	}
	n.running = nil
	r := c.result.Load()
	if r.Status == kernel.StatusDead {
		s.lostKernel(c)
	} else {
		n.become(contextIdle)
	}
	o := c.outcome(*r)
	o.usage = c.usage
	s.settle(c, o)
	if r.Status == kernel.StatusDead {
		s.abortQueue(failure("KernelDied", "the kernel died in the run before this one", "kernel died"))
		if c.reason != "" { // it was killed because it did not give way: whoever asked wants to go on
			s.startKernel()
		}
	}
	s.next()
}

// lostKernel takes a kernel away whose connection reported its death, which
// may come before the news of its process.
func (s *session) lostKernel(c *cell) {
	n := s.notebook
	n.become(contextDead)
	n.fresh = "kernel died"
	n.endKernel(s.system)
	s.system.about(c.execution).Warn().Err(c.result.Load().Err).Str("context", n.id).Msg("kernel died")
}

func (s *session) settle(c *cell, o outcome) {
	stopTimer(c.timer)
	stopTimer(c.lonely)
	c.execution.admit()
	c.execution.end(o)
}

func (s *session) abortQueue(o outcome) {
	n := s.notebook
	queue := n.queue
	n.queue = nil
	for _, c := range queue {
		s.settle(c, o)
	}
}

// interrupt cancels the running cell and aborts the queue behind it, as
// Jupyter does; the id of a run that waits takes only that one out.
func (s *session) interrupt(m msg.Interrupt) {
	n := s.notebook
	if i := s.position(m.ID); i >= 0 {
		s.withdraw(i, "interrupt")
		m.Answer(msg.Nothing{})
		return
	}
	c := n.running
	if m.ID != n.id && (c == nil || m.ID != c.execution.id) {
		m.Fail(msg.Errorf(msg.ExecutionNotFound, "the run %q has ended", m.ID))
		return
	}
	if c != nil {
		c.reason = orElse(c.reason, "interrupt")
	}
	s.abortQueue(failure("ExecutionAborted", "the context was interrupted before this run began", "interrupt"))
	s.interruptKernel(m.Answer, m.Fail)
}

// position is where in the queue a run is, or -1.
func (s *session) position(id string) int {
	return slices.IndexFunc(s.notebook.queue, func(c *cell) bool { return c.execution.id == id })
}

func (s *session) withdraw(i int, reason string) {
	n := s.notebook
	c := n.queue[i]
	n.queue = slices.Delete(n.queue, i, i+1)
	s.settle(c, failure("ExecutionAborted", "the run was taken out of the queue before it began", reason))
}

// interruptKernel has a worker interrupt the kernel and answer the client.
func (s *session) interruptKernel(done func(msg.Nothing), fail func(error)) {
	k := s.notebook.current()
	if k == nil {
		done(msg.Nothing{})
		return
	}
	grace := s.system.config.StopGrace
	s.system.work(classSession, func() {
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		if err := k.Interrupt(ctx); err != nil {
			fail(msg.Errorf(msg.RuntimeError, "interrupt kernel: %w", err))
			return
		}
		done(msg.Nothing{})
	}, fail)
}

// removeRun ends one run, wherever it is, and answers when it has ended.
func (s *session) removeRun(m msg.RemoveExecution) {
	if i := s.position(m.ID); i >= 0 {
		s.withdraw(i, "removed")
		m.Answer(msg.Nothing{})
		return
	}
	c := s.notebook.running
	if c == nil || c.execution.id != m.ID {
		m.Answer(msg.Nothing{}) // it has ended meanwhile
		return
	}
	s.cut(c, "removed")
	log := c.execution.log
	s.work(func() {
		select {
		case <-log.Done():
			m.Answer(msg.Nothing{})
		case <-s.system.done:
		}
	})
}

// cut interrupts a cell for the reason, and kills its kernel if that does not
// help.
func (s *session) cut(c *cell, reason string) {
	c.reason = orElse(c.reason, reason)
	c.timer = stopAfter(c.timer, interruptGrace, func() { s.tell(stuck{c}) })
	s.interruptKernel(func(msg.Nothing) {}, func(err error) {
		s.system.about(c.execution).Warn().Err(err).Str("context", s.notebook.id).Msg("interrupt failed")
	})
}

func (s *session) limit(c *cell) {
	if s.notebook.running == c {
		s.cut(c, reasonTimeout)
	}
}

// stuck kills a kernel that ignores its interrupt; the cell then ends as one
// whose kernel died.
func (s *session) stuck(c *cell) {
	n := s.notebook
	if k := n.current(); n.running == c && k != nil {
		s.work(func() { killKernel(k) })
	}
}

func (s *session) readers(c *cell, readers int) {
	if !c.leaves {
		return
	}
	c.deserted = readers == 0
	stopTimer(c.lonely)
	if c.deserted {
		c.lonely = time.AfterFunc(s.system.config.DisconnectGrace, func() { s.tell(cellDeserted{c}) })
	}
}

func (s *session) deserted(c *cell) {
	if !c.deserted {
		return
	}
	if s.notebook.running == c {
		s.cut(c, "disconnect")
		return
	}
	if i := s.position(c.execution.id); i >= 0 {
		s.withdraw(i, "disconnect")
	}
}
