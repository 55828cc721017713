package shell

import (
	"fmt"
	"time"
)

// follow waits until the shell has reported the end of what sync has given it,
// or has exited. One that has not within the limit, where that is not 0, is
// killed.
func (d *driver) follow(done <-chan struct{}, limit time.Duration) {
	if limit > 0 {
		defer time.AfterFunc(limit, func() { d.giveUp(fmt.Sprintf("it was not ready within %v", limit)) }).Stop()
	}
	select {
	case <-done:
	case <-d.over:
	}
}

// giveUp kills the shell, and keeps the reason.
func (d *driver) giveUp(why string) {
	d.mu.Lock()
	d.fault = why
	d.mu.Unlock()
	d.process.Kill()
}

// ending is how a shell that is over has ended, and why where that is known.
func (d *driver) ending() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fault == "" {
		return d.exit.String()
	}
	return d.exit.String() + ": " + d.fault
}
