package actors

import (
	"time"

	"execd/actors/msg"
)

// unused says that a context has had nothing to do for the idle limit.
type unused struct{ round int }

// restart gives the context a new kernel. What ran and waited in the old one
// ends with it.
func (s *session) restart(m msg.RestartContext) {
	n := s.notebook
	o := failure("KernelRestarted", "the context was restarted", "restarted")
	s.breakOff(o)
	s.abortQueue(o)
	n.mu.Lock()
	n.waiting = append(n.waiting, m.Reply)
	n.mu.Unlock()
	if n.current() != nil || n.fresh != "" {
		n.fresh = "restarted"
	}
	s.stopWorker()
	s.startKernel()
}

// breakOff ends the cell that runs, whatever its kernel will say of it.
func (s *session) breakOff(o outcome) {
	n := s.notebook
	if c := n.running; c != nil {
		n.running = nil
		o.usage = c.clock.used()
		s.settle(c, o)
	}
}

// rest sets the clock of a context that has nothing to do.
func (s *session) rest() {
	n, limit := s.notebook, s.system.config.IdleLimit
	if limit <= 0 || n.running != nil || n.starting || n.current() == nil {
		return
	}
	round := s.round
	s.idle = stopAfter(s.idle, limit, func() { s.tell(unused{round}) })
}

// cull ends the kernel of a context that nobody has used since it began its
// last cell. The context stays: its next run starts a kernel and is told so.
func (s *session) cull(round int) {
	n := s.notebook
	if round != s.round || n.running != nil || n.starting || n.current() == nil {
		return
	}
	s.system.config.Log.Info().Str("context", n.id).Dur("idle", s.system.config.IdleLimit).Msg("kernel ended because nobody used it")
	n.endKernel(s.system)
	n.become(contextDead)
	n.fresh = "idle"
}

func stopAfter(t *time.Timer, d time.Duration, fn func()) *time.Timer {
	stopTimer(t)
	return time.AfterFunc(d, fn)
}
