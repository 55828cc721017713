package actors

import (
	"execd/actors/msg"
	"execd/shell"
)

// signal sends a signal to the process group; what it does is the process's.
// Clients may send one as soon as they know of the command, which is before
// its process is there.
func (c *command) signal(m msg.SignalExecution) {
	sig, err := shell.ParseSignal(m.Signal)
	switch {
	case err != nil:
		m.Fail(invalid(err))
	case c.process == nil && !c.ended:
		c.early = append(c.early, m)
	case c.process == nil:
		m.Fail(msg.Errorf(msg.NotRunning, "the command has not started"))
	case c.process.Signal(sig) != nil:
		m.Fail(msg.Errorf(msg.NotRunning, "the command has ended"))
	default:
		m.Answer(msg.Nothing{})
	}
}

func (c *command) signalEarly() {
	early := c.early
	c.early = nil
	for _, m := range early {
		c.signal(m)
	}
}
