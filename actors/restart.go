package actors

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"execd/actors/msg"
)

// Class names a kind of actor in logs, tests and the table of restarts.
type Class string

const (
	classRoot      Class = "root"
	classCommands  Class = "commands"
	classCommand   Class = "command"
	classKernels   Class = "kernels"
	classSession   Class = "kernel session"
	classSessions  Class = "sessions"
	classBash      Class = "bash session"
	classTerminals Class = "terminals"
	classTerminal  Class = "terminal"
	classWatches   Class = "watches"
	classWatch     Class = "watch"
	classMetrics   Class = "metrics"
	classJanitor   Class = "janitor"
)

// restart is what happens to an actor after a panic, in the words of OTP.
type restart int

const (
	// temporary: never restarted; what it did is ended truthfully.
	temporary restart = iota
	// transient: restarted with what its supervisor kept for it.
	transient
	// permanent: always there. The framework stops the children of an actor
	// that it restarts, so a supervisor is resumed with its state instead: the
	// message that failed is answered with an error, and nobody loses a
	// command or a kernel because of somebody else's request.
	permanent
)

// policy is one row of the table: more than intensity panics within period
// and the actor is given up: it stops, and if it is permanent its supervisor
// fails in turn.
type policy struct {
	restart   restart
	resume    bool // keep the instance and its state: see permanent
	intensity int
	period    time.Duration
}

// policies is the table of restarts.
var policies = map[Class]policy{
	// The daemon without its root does nothing: past the intensity it exits,
	// for whoever supervises the process to start it anew.
	classRoot: {permanent, true, 10, 10 * time.Second},
	// Supervisors hold only who their children are, which a resume keeps.
	classCommands:  {permanent, true, 10, 10 * time.Second},
	classKernels:   {permanent, true, 10, 10 * time.Second},
	classSessions:  {permanent, true, 10, 10 * time.Second},
	classTerminals: {permanent, true, 10, 10 * time.Second},
	classWatches:   {permanent, true, 10, 10 * time.Second},
	// A user's command is never run twice.
	classCommand: {temporary, false, 0, 0},
	// Nor is a session's run, and what its shell was doing is not known.
	classBash:     {temporary, false, 0, 0},
	classTerminal: {temporary, false, 0, 0},
	// The kernel lives in its own process and is handed to the new instance.
	// Three failures in ten seconds are no accident: the context is given up.
	classSession: {transient, false, 3, 10 * time.Second},
	// What is observed goes on in its worker, which the new instance finds.
	classWatch: {transient, false, 3, 10 * time.Second},
	// The samples and who waits for them live in the meter, which is handed to
	// the new instance.
	classMetrics: {permanent, false, 10, 10 * time.Second},
	// It has no children, and a new instance sets its clock again.
	classJanitor: {permanent, false, 10, 10 * time.Second},
}

// verdict is what a supervisor does about a failed child.
type verdict int

const (
	stopIt verdict = iota
	restartIt
	resumeIt
	giveUp
)

// decide is what policy p says about an actor that has now failed for the
// nth time within the period, at its birth or later.
func (p policy) decide(n int, atBirth bool) verdict {
	switch {
	case p.restart == temporary:
		return stopIt
	case n > p.intensity && p.restart == permanent:
		return giveUp
	case n > p.intensity:
		return stopIt
	case p.resume && !atBirth: // a half-made instance is no use
		return resumeIt
	}
	return restartIt
}

// strategy applies the table to the children of one class. It is stateless:
// the framework keeps the statistics of each child.
type strategy struct {
	system *System
	class  Class // of the children
}

var _ actor.SupervisorStrategy = (*strategy)(nil)

// HandleFailure implements actor.SupervisorStrategy.
func (st *strategy) HandleFailure(_ *actor.ActorSystem, sup actor.Supervisor, child *actor.PID,
	rs *actor.RestartStatistics, reason, message any,
) {
	p := policies[st.classOf(child)]
	rs.Fail()
	v := p.decide(rs.NumberOfFailures(p.period), isBirth(message))
	st.system.tally.failures.WithLabelValues(string(st.classOf(child)), v.String()).Inc()
	switch v {
	case restartIt:
		sup.RestartChildren(child)
	case resumeIt:
		st.system.census.resumed(child.Id) // before it can fail again
		sup.ResumeChildren(child)
	case giveUp:
		st.system.giveUp(fmt.Errorf("%s failed more than %d times in %v, last with: %v",
			st.classOf(child), p.intensity, p.period, reason))
		sup.StopChildren(child)
	default:
		sup.StopChildren(child)
	}
}

func isBirth(message any) bool {
	switch message.(type) {
	case *actor.Started, *actor.Restart:
		return true
	}
	return false
}

// classOf tells the root's children apart by their names; all other
// supervisors have children of one class.
func (st *strategy) classOf(child *actor.PID) Class {
	if st.class != "" {
		return st.class
	}
	return Class(lastElement(child.Id))
}

func lastElement(id string) string {
	for i := len(id) - 1; i >= 0; i-- {
		if id[i] == '/' {
			return id[i+1:]
		}
	}
	return id
}

// prompt are the classes that handle a message where it is sent, if they are at
// rest, which is what a short request waits for: what they do is short, takes no
// lock that a sender may hold, and waits for nothing.
var prompt = map[Class]bool{classRoot: true, classSessions: true, classBash: true}

// promptBatch is how many messages such an actor handles in a row.
const promptBatch = 300

// props are those of one actor, as all here have them: its panics are logged with their
// stack, fail the request that caused them and go on to the supervisor, and
// never escape from the two messages after which the framework would forget
// the actor or bring it back (Stopping and Stopped). One that has ended gets
// nothing any more.
func (s *System) props(class Class, producer actor.Producer, children ...Class) *actor.Props {
	entry := s.census.expect(class)
	opts := []actor.PropsOption{actor.WithReceiverMiddleware(s.guard(entry)), actor.WithMailbox(entry.newMailbox)}
	var of Class
	if len(children) == 1 {
		of = children[0]
	}
	opts = append(opts, actor.WithSupervisor(&strategy{system: s, class: of}))
	if prompt[class] {
		opts = append(opts, actor.WithDispatcher(actor.NewSynchronizedDispatcher(promptBatch)))
	}
	return actor.PropsFromProducer(producer, opts...)
}

func (s *System) guard(entry *citizen) actor.ReceiverMiddleware {
	return func(next actor.ReceiverFunc) actor.ReceiverFunc {
		return func(c actor.ReceiverContext, envelope *actor.MessageEnvelope) {
			if entry.gone.Load() { // it was told to begin anew before it was stopped, and the framework does what is last
				s.makeUpFor(c.Self(), envelope.Message)
				return
			}
			defer func() {
				reason := recover()
				entry.received(c.Self().Id, envelope.Message)
				if reason == nil {
					return
				}
				entry.failed()
				s.logPanic(entry.class, envelope.Message, reason)
				s.makeUpFor(c.Self(), envelope.Message)
				switch envelope.Message.(type) {
				case *actor.Stopping, *actor.Stopped, *actor.Restarting:
					return
				case *actor.Terminated:
					// Behind it the framework looks whether a supervisor that
					// stops was waiting for this child. It goes on, as it
					// would by its policy.
					s.census.resumed(c.Self().Id)
					s.tally.failures.WithLabelValues(string(entry.class), resumeIt.String()).Inc()
					return
				}
				panic(reason)
			}()
			entry.receives(c.Self().Id, envelope.Message)
			if s.config.Fault != nil {
				s.config.Fault(entry.class, envelope.Message)
			}
			next(c, envelope)
		}
	}
}

// makeUpFor does what must not be left undone because a message was lost: a
// request is answered, and the end of a child is told once more.
func (s *System) makeUpFor(self *actor.PID, message any) {
	switch m := message.(type) {
	case interface{ Fail(error) }:
		m.Fail(msg.ErrCrashed)
	case *actor.Terminated:
		s.tell(self, lapsed{m.Who})
	}
}

// lapsed repeats Terminated to a supervisor that failed at it.
type lapsed struct{ who *actor.PID }
