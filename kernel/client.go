package kernel

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"execd/kernel/wire"
)

// client is a kernel's client as the Jupyter messaging documentation means it:
// it makes requests and gives what comes back to the execution that asked,
// whatever carries the messages. It is part of each kind of Kernel.
//
// Locks are taken in the order execution.mu, client.mu.
type client struct {
	transport transport
	name      string // of the Jupyter session
	prefix    string // of message ids; the name if empty
	asks      bool   // there is a stdin channel
	quirk     quirk
	grace     time.Duration
	logf      func(err error) // told of a message that is dropped, once

	serial   atomic.Int64 // of message ids
	odd      sync.Once    // a message was dropped and it was said
	sawFlags atomic.Uint32
	replied  chan struct{} // closed when kernel_info_reply was seen
	ready    chan struct{} // closed when iopub was heard as well
	done     chan struct{} // closed by who embeds it, when the kernel is gone

	pressing sync.Mutex // held while an interrupt is sent again; before mu

	mu      sync.Mutex // guards the rest
	running map[string]*execution
	ended   []*execution // the last that take late output, oldest first
	asking  question     // the input_request that has no answer yet
	closing bool         // shutdown was asked for
	stained bool         // see rinse.go
	rinsing bool
	waiting []wire.Message // for the rinsing
	err     error          // why the kernel is gone
}

// transport carries messages to a kernel; what comes from there is given to
// the client with its on... methods.
type transport interface {
	send(channel, wire.Message) error
	received() int64 // bytes from the kernel so far
	lose(error)      // a message could not be sent
}

// init makes what has no usable zero value.
func (c *client) init() {
	c.running = make(map[string]*execution)
	c.replied, c.ready, c.done = make(chan struct{}), make(chan struct{}), make(chan struct{})
}

// Done implements Kernel.
func (c *client) Done() <-chan struct{} { return c.done }

// Err implements Kernel.
func (c *client) Err() error {
	if !c.isDone() {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *client) isDone() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

func (c *client) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing
}

// nextID returns a message id that no other client has.
func (c *client) nextID() string {
	return string(wire.AppendID(nil, cmp.Or(c.prefix, c.name), c.serial.Add(1)))
}

// bury finishes what ran, oldest first.
func (c *client) bury(cause error) {
	c.mu.Lock()
	left := c.running
	c.running, c.ended, c.err = nil, nil, cause
	c.mu.Unlock()
	for _, e := range bySerial(left) {
		e.die(cause)
	}
}

// bySerial sorts executions by the time they were sent. Ids of one client
// differ in their number only, so a shorter one is older.
func bySerial(m map[string]*execution) []*execution {
	ids := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	list := make([]*execution, 0, len(ids))
	for _, id := range ids {
		list = append(list, m[id])
	}
	return list
}

// What must have been seen for a kernel to be ready.
const (
	sawReply = 1 << iota
	sawIopub
)

// saw notes a flag of readiness; after the first time it is one atomic load.
func (c *client) saw(flag uint32) {
	if c.sawFlags.Load()&flag != 0 {
		return
	}
	old := c.sawFlags.Or(flag)
	if old&flag != 0 {
		return
	}
	if flag == sawReply {
		close(c.replied)
	}
	if old|flag == sawReply|sawIopub {
		close(c.ready)
	}
}

const (
	// nudgeAgain repeats kernel_info_request while there is no answer: the
	// first may come before the kernel is ready for it. jupyter_server waits as
	// long.
	nudgeAgain = 500 * time.Millisecond

	// nudgeSoon repeats it when the reply came and iopub was silent: the
	// subscription was later than the kernel's answer, by microseconds.
	nudgeSoon = 20 * time.Millisecond
)

// nudge sends kernel_info_request until there is a reply and iopub was heard
// (Jupyter client documentation, "wait_for_ready"; JEP 65 has the reason).
func (c *client) nudge(ctx context.Context) error {
	ticker := time.NewTicker(nudgeAgain)
	defer ticker.Stop()
	replied := c.replied
	c.askInfo()
	for {
		select {
		case <-c.ready:
			return nil
		case <-replied:
			replied = nil
			ticker.Reset(nudgeSoon)
		case <-ticker.C:
			c.askInfo()
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-c.done:
			return c.Err()
		}
	}
}

// askInfo leaves a failure to the reader of the connection, which sees it too.
func (c *client) askInfo() {
	header := wire.Header(c.name, c.nextID(), "kernel_info_request", time.Now())
	_ = c.transport.send(shellChannel, wire.Message{Header: header})
}

// drop says once per kernel that a message was not taken: a kernel with a
// wrong key, or somebody else, would fill the log otherwise.
func (c *client) drop(channel string, err error) {
	c.odd.Do(func() { c.logf(fmt.Errorf("%s: drop message: %w", channel, err)) })
}

// dropLarge tells the execution what it does not get. Of the message, only the
// headers are there.
func (c *client) dropLarge(m *wire.Message, cause error) {
	if e := c.find(m.ParentID); e != nil {
		e.show(Output{Kind: KindDropped, Text: m.Type + ": " + cause.Error()})
	}
}

func (c *client) onIopub(m *wire.Message) {
	c.saw(sawIopub)
	e := c.find(m.ParentID)
	if e == nil {
		e = c.findEnded(m.ParentID)
	}
	if e != nil {
		if err := e.publish(m); err != nil {
			c.drop("iopub", err)
		}
		return
	}
	if m.Type == "status" {
		c.pass(m.ParentID, iopubHalf)
		return
	}
	if c.isOurs(m.ParentID) && isOutput(Kind(m.Type)) {
		c.drop("iopub", fmt.Errorf("%s of %s: %w", m.Type, m.ParentID, errEnded))
	}
}

func (c *client) onShell(m *wire.Message) {
	switch m.Type {
	case "kernel_info_reply":
		c.saw(sawReply)
		c.pass(m.ParentID, shellHalf)
	case "execute_reply":
		if e := c.find(m.ParentID); e != nil {
			if err := e.reply(m); err != nil {
				c.drop("shell", err)
			}
		}
	}
}

// onStdin remembers who asked: an input_reply carries the request's header as
// its parent (Jupyter messaging documentation, "Messages on the stdin channel").
// A request that does not allow input, or has ended, is told that there is none.
func (c *client) onStdin(m *wire.Message) {
	if m.Type != "input_request" {
		return
	}
	e := c.find(m.ParentID)
	if e == nil || !e.allowStdin {
		if err := c.sendInput(m.Header, EndOfInput); err != nil {
			c.transport.lose(fmt.Errorf("stdin: %w", err))
		}
		return
	}
	c.mu.Lock()
	c.asking = question{id: m.ParentID, header: bytes.Clone(m.Header)}
	c.mu.Unlock()
	if err := e.publish(m); err != nil {
		c.drop("stdin", err)
	}
}
