package actors

import (
	"context"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"execd/actors/msg"
	"execd/metrics"
)

// watcher takes the samples for everybody who reads them: one each second
// always, which costs 0.02 % of a processor, so that a request never waits for
// a measurement, and more while somebody reads at a shorter interval. The
// measuring itself runs in a worker, at most one at a time: a file system that
// does not answer delays samples and nothing else.
type watcher struct {
	system *System
	meter  *meter
	timer  *time.Timer
	ticks  int64 // on the meter's grid, up to the last that was sampled for
	taking bool  // a worker is measuring
}

// What the timer and the worker of the watcher tell it.
type (
	sampleDue struct{}
	sampled   struct {
		tick    int64
		reading metrics.Reading
		counts  counts
		err     error
	}
	// readerLeft says that somebody does not read this feed any more.
	readerLeft struct{ beat }
)

func (w *watcher) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		w.ticks = w.meter.tick(time.Now())
		w.take(ctx)
	case sampleDue:
		w.take(ctx)
	case sampled:
		w.sampled(ctx, m)
	case msg.GetMetrics:
		w.meter.whenMeasured(m)
	case msg.WatchMetrics:
		w.watch(ctx, m)
	case readerLeft:
		w.meter.left(m.beat)
	case *actor.Stopping, *actor.Restarting:
		stopTimer(w.timer)
	case actor.SystemMessage, actor.AutoReceiveMessage:
	default:
		w.system.unknown(classMetrics, m)
	}
}

// take has a worker measure.
func (w *watcher) take(ctx actor.Context) {
	if w.taking {
		return
	}
	w.taking = true
	self, root, s, meter := ctx.Self(), parent{w.system, ctx.Parent()}, w.system, w.meter
	s.work(classMetrics, func() {
		now := time.Now()
		reading, err := meter.read(now)
		s.tell(self, sampled{meter.tick(now), reading, root.count(), err})
	}, func(err error) { s.tell(self, sampled{tick: meter.tick(time.Now()), err: err}) })
}

// sampled publishes a reading to the feeds that are due. When sampling was
// late, a feed gets one sample for all the ticks that it missed.
func (w *watcher) sampled(ctx actor.Context, m sampled) {
	w.taking = false
	switch {
	case m.err == nil:
		w.meter.publish(w.ticks, m)
	case w.meter.fail(m.err):
		w.system.config.Log.Error().Err(m.err).Msg("cannot take samples")
	}
	w.ticks = max(w.ticks, m.tick)
	w.schedule(ctx)
}

// schedule sets the timer to the next tick that a feed is due at.
func (w *watcher) schedule(ctx actor.Context) {
	self, s := ctx.Self(), w.system
	stopTimer(w.timer)
	w.timer = time.AfterFunc(time.Until(w.meter.timeOf(w.meter.next(w.ticks))), func() { s.tell(self, sampleDue{}) })
}

// watch joins a feed. Only a feed that is due before the next sample changes
// when that is taken.
func (w *watcher) watch(ctx actor.Context, m msg.WatchMetrics) {
	if m.Interval < msg.MetricsGrid || m.Interval > msg.MetricsLongest {
		m.Fail(msg.Errorf(msg.InvalidRequest, "the interval must be between %v and %v", msg.MetricsGrid, msg.MetricsLongest))
		return
	}
	b := beat{int64((m.Interval + msg.MetricsGrid - 1) / msg.MetricsGrid), int64(m.Phase)}
	if b.phase < 0 || b.phase >= b.every {
		m.Fail(msg.Errorf(msg.InvalidRequest, "the phase must be within the interval"))
		return
	}
	self, s := ctx.Self(), w.system
	m.Answer(w.meter.join(b, func() { s.tell(self, readerLeft{b}) }))
	if !w.taking {
		w.schedule(ctx)
	}
}

// counts is what the tree itself has at the time of a sample.
type counts struct {
	executions, streams, sessions, contexts, terminals int
}

// parent is the root supervisor for its child, which may be asked for
// something before Start has returned.
type parent struct {
	system *System
	pid    *actor.PID
}

var _ msg.Supervisor = parent{}

// Tell implements msg.Supervisor.
func (p parent) Tell(m msg.Message) { p.system.tell(p.pid, m) }

// Done implements msg.Supervisor.
func (p parent) Done() <-chan struct{} { return p.system.done }

// countPatience bounds the questions of a sample: a supervisor that is busy
// for longer is not waited for.
const countPatience = 100 * time.Millisecond

// count asks the supervisors, from a worker. What is not answered counts 0,
// as it does at the end of the system.
func (p parent) count() counts {
	s := p.system
	ctx, cancel := context.WithTimeout(context.Background(), countPatience)
	defer cancel()
	c := counts{executions: s.runs.active(), streams: int(s.config.Store.Usage().Readers)}
	contexts, _ := msg.Ask(ctx, p, msg.ListContexts{Reply: msg.NewReply[[]msg.Context]()})
	sessions, _ := msg.Ask(ctx, p, msg.ListSessions{Reply: msg.NewReply[[]msg.Session]()})
	terminals, _ := msg.Ask(ctx, p, msg.ListTerminals{Reply: msg.NewReply[[]msg.Terminal]()})
	c.contexts, c.sessions, c.terminals = len(contexts), len(sessions), len(terminals)
	return c
}

// active is how many executions run or wait for their turn.
func (g *registry) active() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.running
}
