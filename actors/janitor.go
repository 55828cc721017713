package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// Retention says how long ended executions are kept. Zero fields take their
// defaults.
type Retention struct {
	Time  time.Duration // since the end
	Count int           // of ended executions
}

const (
	defaultRetentionTime  = 24 * time.Hour // an agent that comes back the next day
	defaultRetentionCount = 10_000         // some 2 KiB each when they printed little

	// defaultJanitorPeriod bounds how much longer than its time an execution
	// is kept.
	defaultJanitorPeriod = 5 * time.Second
)

func (r Retention) withDefaults() Retention {
	setDefault(&r.Time, defaultRetentionTime)
	setDefault(&r.Count, defaultRetentionCount)
	return r
}

// janitor removes ended executions: after their time, beyond their count, and
// when the logs exceed their budget. It owns a timer.
type janitor struct {
	system *System
	timer  *time.Timer
}

// tick is the janitor's own.
type tick struct{}

func (j *janitor) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		j.next(ctx)
	case tick:
		j.next(ctx)
		j.sweep()
	case *actor.Stopping, *actor.Restarting:
		stopTimer(j.timer)
	case actor.SystemMessage, actor.AutoReceiveMessage:
	default:
		j.system.unknown(classJanitor, m)
	}
}

func (j *janitor) next(ctx actor.Context) {
	self := ctx.Self()
	j.timer = time.AfterFunc(j.system.config.JanitorPeriod, func() { j.system.tell(self, tick{}) })
}

// sweep hands the work, which touches files, to a worker.
func (j *janitor) sweep() {
	s := j.system
	past := s.runs.past()
	if len(past) == 0 {
		return
	}
	s.work(classJanitor, func() {
		s.runs.forget(past[:expired(past, time.Now(), s.config.Retention)]...)
		for _, x := range s.runs.past() {
			if !s.config.Store.Crowded() {
				break
			}
			x.unload()
		}
		for _, x := range s.runs.past() {
			if !s.config.Store.OverBudget() {
				break
			}
			s.runs.forget(x)
		}
	}, nil)
}

// expired is how many of the ended executions, the one that ended first in
// front, are past their retention.
func expired(past []*execution, now time.Time, r Retention) int {
	n := max(len(past)-r.Count, 0)
	for n < len(past) && now.Sub(past[n].endedAt()) > r.Time {
		n++
	}
	return n
}
