package actors

import (
	"execd/actors/msg"
	"execd/shell"
)

// Platform says what cannot be had on this platform, and why; nil is what can.
type Platform struct {
	shell.Platform
	Kernels error // where they are processes of this machine
}

// denies returns why a request cannot be served on this platform, or nil.
// What needs nothing of it, such as a list, is served everywhere.
func (p Platform) denies(request any) error {
	var why error
	switch request.(type) {
	case msg.RunCommand:
		why = p.Processes
	case msg.CreateSession:
		why = p.Sessions
	case msg.CreateTerminal:
		why = p.Terminals
	case msg.RunCode, msg.CreateContext:
		why = p.Kernels
	}
	if why == nil {
		return nil
	}
	return msg.Errorf(msg.NotSupported, "%w", why)
}
