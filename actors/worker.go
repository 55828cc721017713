package actors

import (
	"errors"
	"fmt"

	"github.com/asynkron/protoactor-go/actor"
)

// job is what a worker does.
type job struct {
	class  Class
	fn     func()
	failed func(error) // may be nil
}

// work runs fn in a goroutine that the system waits for at its end. A panic
// in it is logged with its stack and handed to failed, which may be nil.
func (s *System) work(class Class, fn func(), failed func(error)) {
	s.assign(job{class, fn, failed})
}

// assign is work for a job.
func (s *System) assign(j job) {
	select {
	case s.jobs <- j: // to one that has the stack for it
	default:
		s.workers.Go(func() { s.serve(j) })
	}
}

// maxResting is how many workers wait for more to do: what begins at the same
// time, most of the time.
const maxResting = 4

// serve is a worker.
func (s *System) serve(j job) {
	for {
		s.do(j)
		if s.resting.Add(1) > maxResting {
			s.resting.Add(-1)
			return
		}
		select {
		case j = <-s.jobs:
			s.resting.Add(-1)
		case <-s.done:
			return
		}
	}
}

func (s *System) do(j job) {
	defer func() {
		reason := recover()
		if reason == nil {
			return
		}
		s.logPanic(j.class, "worker", reason)
		if j.failed != nil {
			j.failed(fmt.Errorf("%w: %v", errWorker, reason))
		}
	}()
	j.fn()
}

var errWorker = errors.New("execd failed internally")

// tell sends a private message from a worker to its actor.
func (s *System) tell(pid *actor.PID, message any) { s.actors.Root.Send(pid, message) }
