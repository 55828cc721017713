package actors_test

import (
	"errors"
	"sync/atomic"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"execd/actors"
	"execd/actors/msg"
)

// A request that comes while the actor of an ended command is on its way out
// is told that the command has ended, not that execd has failed.
func TestCommand_InterruptBehindTheEnd(t *testing.T) {
	var interrupts atomic.Int32
	second := make(chan struct{}) // the supervisor has handled the first
	stopping := make(chan struct{})
	s := start(t, func(c *actors.Config) {
		c.Fault = func(class actors.Class, message any) {
			switch message.(type) {
			case *actor.Stopping:
				if class == "command" {
					close(stopping)
					<-second
				}
			case msg.Interrupt:
				if class == "commands" && interrupts.Add(1) == 2 {
					close(second)
				}
			}
		}
	})
	x := must(s, s.command("true"))
	<-stopping
	behind := func() msg.Interrupt { return msg.Interrupt{Reply: msg.NewReply[msg.Nothing](), ID: x.ID} }
	first := behind()
	s.Tell(first)
	for _, q := range []msg.Interrupt{behind(), first} {
		_, err := ask(s, q)
		var known *msg.Error
		if !errors.As(err, &known) || known.Code != msg.ExecutionNotFound {
			t.Errorf("got %v, want %s", err, msg.ExecutionNotFound)
		}
	}
}
