package actors

import (
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"execd/actors/msg"
)

// children is what a dynamic supervisor knows of its children. A request that
// waits behind a child's stop is never answered by the framework, so requests
// are remembered here until they are answered, and answered here when the
// child ends. It is touched only inside the supervisor's Receive.
type children map[string]*child

type child struct {
	pid     *actor.PID
	pending []msg.Message
}

// forward sends a request on to a child. It reports false without one.
func (c children) forward(ctx actor.Context, name string, m msg.Message) bool {
	ch := c[name]
	if ch == nil {
		return false
	}
	ch.pending = append(slices.DeleteFunc(ch.pending, msg.Message.Answered), m)
	ctx.Send(ch.pid, m)
	return true
}

// waits reports whether a request of the child's is not answered yet.
func (ch *child) waits() bool {
	return slices.ContainsFunc(ch.pending, func(m msg.Message) bool { return !m.Answered() })
}

// broadcast sends the same message to all children.
func (c children) broadcast(ctx actor.Context, message any) {
	for _, ch := range c {
		ctx.Send(ch.pid, message)
	}
}

// terminated forgets the child with the pid, answers what it has left
// unanswered, and returns its name.
func (c children) terminated(pid *actor.PID, err error) (name string, known bool) {
	name = lastElement(pid.Id)
	ch := c[name]
	if ch == nil {
		return name, false
	}
	delete(c, name)
	for _, m := range ch.pending {
		m.Fail(err)
	}
	return name, true
}
