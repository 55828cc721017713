package kernel

import (
	"context"
	"maps"
	"slices"
	"time"
)

const (
	// insistTurns is how often an interrupt is sent again. A kernel that goes
	// on then has code that will not be interrupted.
	insistTurns = 10

	// insistTimeout is for one of them.
	insistTimeout = 2 * time.Second
)

// insist sends the interrupt that is being sent again, as long as anything of
// what runs now goes on: for a kernel that loses some.
func (c *client) insist(interrupt func(context.Context) error) {
	c.stain()
	c.mu.Lock()
	running := slices.Collect(maps.Keys(c.running))
	c.mu.Unlock()
	if c.quirk.insist == 0 || len(running) == 0 {
		return
	}
	go c.press(running, interrupt)
}

// press ends with the kernel at the latest.
func (c *client) press(running []string, interrupt func(context.Context) error) {
	ticker := time.NewTicker(c.quirk.insist)
	defer ticker.Stop()
	for range insistTurns {
		select {
		case <-c.done:
			return
		case <-ticker.C:
		}
		if !c.again(running, interrupt) {
			return
		}
	}
}

// again sends an interrupt if any of what it is for goes on, and reports
// whether it has. What is sent to the kernel next comes behind it.
func (c *client) again(running []string, interrupt func(context.Context) error) bool {
	c.pressing.Lock()
	defer c.pressing.Unlock()
	if !slices.ContainsFunc(running, func(id string) bool { return c.find(id) != nil }) {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), insistTimeout)
	defer cancel()
	_ = interrupt(ctx) // the first one was answered; this one is by its effect
	return true
}

// heedInsistence waits for an interrupt that is under way for an earlier run.
func (c *client) heedInsistence() {
	c.pressing.Lock()
	defer c.pressing.Unlock() //nolint:gocritic // nothing is guarded: it is waited for
}
