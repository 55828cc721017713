package actors

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"execd/actors/msg"
)

// census knows every actor there is. It belongs to the system: whoever asks
// gets an answer also when the actors do not move. All methods may be called
// from any goroutine.
type census struct {
	mu     sync.Mutex
	actors map[string]*citizen // by the framework's id, which is a path
}

// citizen is what is known of one actor, from its spawn on.
type citizen struct {
	census  *census
	class   Class
	mailbox actor.Mailbox
	gone    atomic.Bool // it has ended, for good

	state              msg.ActorState
	restarts, failures int
	started            time.Time
}

func newCensus() *census { return &census{actors: map[string]*citizen{}} }

// expect returns an entry for an actor that is about to be spawned.
func (c *census) expect(class Class) *citizen { return &citizen{census: c, class: class} }

// newMailbox is the framework's default one, which is seen from outside.
func (z *citizen) newMailbox() actor.Mailbox {
	z.mailbox = actor.Unbounded()()
	return z.mailbox
}

// receives notes what a message says about the actor that is about to handle
// it.
func (z *citizen) receives(id string, message any) {
	switch message.(type) {
	case *actor.Started:
		z.census.mu.Lock()
		defer z.census.mu.Unlock()
		if z.census.actors[id] == z {
			z.restarts++
		} else {
			z.started = time.Now()
			z.census.actors[id] = z
		}
		z.state = msg.ActorStarting
	case *actor.Stopping:
		z.enter(msg.ActorStopping)
	}
}

// received notes that a message has been handled.
func (z *citizen) received(id string, message any) {
	switch message.(type) {
	case *actor.Started:
		z.enter(msg.ActorRunning)
	case *actor.Stopped:
		z.gone.Store(true)
		z.census.mu.Lock()
		defer z.census.mu.Unlock()
		if z.census.actors[id] == z { // the name may be another's by now
			delete(z.census.actors, id)
		}
	}
}

// failed notes a panic. One at the end is no reason to begin anew.
func (z *citizen) failed() {
	z.census.mu.Lock()
	defer z.census.mu.Unlock()
	z.failures++
	if z.state != msg.ActorStopping {
		z.state = msg.ActorFailed
	}
}

func (z *citizen) enter(state msg.ActorState) {
	z.census.mu.Lock()
	defer z.census.mu.Unlock()
	z.state = state
}

// resumed notes that an actor goes on after a failure.
func (c *census) resumed(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if z := c.actors[id]; z != nil {
		z.state = msg.ActorRunning
	}
}

// list returns all actors, each after the one above it, siblings by name.
func (c *census) list() []msg.Actor {
	c.mu.Lock()
	list := make([]msg.Actor, 0, len(c.actors))
	for id, z := range c.actors {
		list = append(list, msg.Actor{
			Kind: string(z.class), Path: strings.Split(id, "/"), State: z.state,
			Restarts: z.restarts, Failures: z.failures, Mailbox: z.mailbox.UserMessageCount(), Started: z.started,
		})
	}
	c.mu.Unlock()
	slices.SortFunc(list, func(a, b msg.Actor) int { return slices.Compare(a.Path, b.Path) })
	return list
}

// answer tells about all actors.
func (c *census) answer(m msg.ListActors) {
	list := c.list()
	if len(list) == 0 {
		m.Fail(msg.ErrStopped)
		return
	}
	m.Answer(list)
}
