package actors

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"execd/actors/msg"
)

// watch is the actor of one watch of files: it has a worker observe them, and
// ends when nobody has read for the retention. What is observed goes from the
// worker to the log, and not through here.
type watch struct {
	system  *System
	lookout *lookout
	timer   *time.Timer
}

// What a watch is told.
type (
	lookoutIdle   struct{} // the last reader has left
	lookoutOver   struct{} // nothing is observed any more
	lookoutUnread struct{} // for the retention
)

func (w *watch) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		w.lookout.begin(w.system, ctx.Self())
		w.arm(ctx)
	case msg.WatchFiles:
		w.lookout.join(m)
		w.arm(ctx)
	case lookoutIdle, lookoutOver:
		w.arm(ctx)
	case lookoutUnread:
		w.system.tell(ctx.Parent(), unread{w.lookout.id})
		w.arm(ctx) // for the case that the answer gets lost
	case shutdown:
		w.lookout.close("shutdown")
	case *actor.Stopping:
		stopTimer(w.timer)
		w.lookout.close(w.system.whyEnded())
	case *actor.Restarting:
		stopTimer(w.timer)
	case actor.SystemMessage, actor.AutoReceiveMessage:
	default:
		w.system.unknown(classWatch, m)
	}
}

// whyEnded is why a watch ends that nobody has ended: with the daemon, or
// because its actor has failed too often.
func (s *System) whyEnded() string {
	if s.stopping.Load() || s.draining.Load() {
		return "shutdown"
	}
	return "failed"
}

// failureRetention is how long it takes until a watch goes that never was
// one. It is not 0, so that it is asked for again if the answer gets lost.
const failureRetention = time.Millisecond

// arm sets the timer anew, if nobody reads.
func (w *watch) arm(ctx actor.Context) {
	stopTimer(w.timer)
	if !w.lookout.idle() {
		return
	}
	wait := w.system.config.WatchRetention
	if w.lookout.failed() {
		wait = failureRetention
	}
	self, s := ctx.Self(), w.system
	w.timer = time.AfterFunc(wait, func() { s.tell(self, lookoutUnread{}) })
}
