package kernel

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// lateRequests bounds what a kernel remembers of ended requests. A notebook
// that starts a thread seldom runs so many cells before the thread has ended.
const lateRequests = 64

// errEnded is output of a request whose end was told.
var errEnded = errors.New("the request has ended")

// retire delists an execution whose end is told next.
func (c *client) retire(e *execution) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running[e.id] != e {
		return
	}
	delete(c.running, e.id)
	e.content = nil // it may be remembered for a while
	if _, ok := e.handler.(LateHandler); !ok {
		return
	}
	if len(c.ended) == lateRequests {
		c.ended = slices.Delete(c.ended, 0, 1)
	}
	c.ended = append(c.ended, e)
}

// findEnded returns the execution that an output comes late for.
func (c *client) findEnded(parentID string) *execution {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.ended {
		if e.id == parentID {
			return e
		}
	}
	return nil
}

// forget ends the late output of an execution.
func (c *client) forget(e *execution) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = slices.DeleteFunc(c.ended, func(o *execution) bool { return o == e })
}

// isOurs reports whether a message id was made here.
func (c *client) isOurs(id string) bool {
	rest, ok := strings.CutPrefix(id, cmp.Or(c.prefix, c.name))
	return ok && strings.HasPrefix(rest, "_")
}
