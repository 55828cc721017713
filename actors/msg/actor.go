package msg

import "time"

// ActorState is where an actor is in its life.
type ActorState string

// The states of an actor.
const (
	ActorStarting ActorState = "starting" // its first message is not done; likewise after a restart
	ActorRunning  ActorState = "running"
	ActorFailed   ActorState = "failed" // it has panicked, and its supervisor has not decided
	ActorStopping ActorState = "stopping"
)

// Actor describes one actor of the supervision tree.
type Actor struct {
	Kind     string
	Path     []string // of names, from the root's to its own
	State    ActorState
	Restarts int // with a new instance
	Failures int // panics, also those after which it went on
	Mailbox  int // messages that wait
	Started  time.Time
}

// ListActors asks for the supervision tree, each actor after the one above it.
// It is answered also while no actor takes messages: it is for finding out
// why.
type ListActors struct {
	Reply[[]Actor]
}
