package actors

import (
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"execd/actors/event"
	"execd/kernel"
)

// cell is one run of code. It is the handler of its kernel's output: the
// kernel's reader appends to the log directly, and only the end is told to
// the actor.
type cell struct {
	execution *execution
	code      string
	env       map[string]string // of this run
	limit     time.Duration
	comms     bool     // messages of comms are events
	leaves    bool     // on_disconnect: it ends when its readers have gone
	answers   *answers // nil where nobody answers

	// What the actor knows of it.
	begun    time.Time
	clock    cellClock
	reason   string // why it is being ended
	timer    *time.Timer
	lonely   *time.Timer
	deserted bool // its readers have gone

	// What the kernel's reader knows of it.
	count   int // execution_count, once it is known
	counted bool
	held    *kernel.Output                // an error that may be the end
	shown   bool                          // the error that is the end was
	usage   *event.Resources              // set before result
	result  atomic.Pointer[kernel.Result] // set before the actor is told
	tell    func(message any)
}

// finished says that the kernel is done with a cell.
type finished struct{ cell *cell }

var _ kernel.LateHandler = (*cell)(nil)

// Output implements kernel.Handler.
func (c *cell) Output(o kernel.Output) {
	switch o.Kind {
	case kernel.KindBusy: // no news
		return
	case kernel.KindExecuteInput:
		c.count = o.ExecutionCount
		return
	}
	c.releaseError()
	switch o.Kind {
	case kernel.KindError: // comes again in the result, mostly
		c.held = &o
	case kernel.KindInput:
		c.ask(o)
	case kernel.KindResult:
		c.count = o.ExecutionCount
		c.sendCount()
		show(c.execution.log, o)
	default:
		show(c.execution.log, o)
	}
}

// releaseError tells of an error that is not the end of the cell, or not the
// last that it shows: a notebook shows it in its place.
func (c *cell) releaseError() {
	if c.held != nil {
		show(c.execution.log, *c.held)
		c.held = nil
	}
}

// Finished implements kernel.Handler.
func (c *cell) Finished(r kernel.Result) {
	if r.ExecutionCount > 0 {
		c.count = r.ExecutionCount
	}
	if c.held != nil && isErrorOf(c.held, r) {
		c.held, c.shown = nil, true
	}
	c.releaseError()
	if r.Status == kernel.StatusOK || r.Status == kernel.StatusError {
		c.sendCount()
	}
	if r.Status != kernel.StatusDead && errors.Is(r.Err, kernel.ErrDead) {
		show(c.execution.log, kernel.Output{Kind: kernel.KindDropped, Text: "behind its reply, so that output may be missing: " + r.Err.Error()})
	}
	c.usage = c.clock.used()
	c.result.Store(&r)
	c.tell(finished{c})
}

// Late implements kernel.LateHandler: what a thread of the cell goes on to show
// is the cell's, and cannot be in its log, which has ended.
func (c *cell) Late(o kernel.Output) bool {
	show(c.execution.late, o)
	return true
}

// isErrorOf reports whether the terminal event will say all that o does.
func isErrorOf(o *kernel.Output, r kernel.Result) bool {
	return r.Status == kernel.StatusError && o.EName == r.EName && o.EValue == r.EValue && slices.Equal(o.Traceback, r.Traceback)
}

// sendCount sends execution_count once, before the result and the end.
func (c *cell) sendCount() {
	if c.counted || c.count == 0 {
		return
	}
	c.counted = true
	c.execution.log.Append(event.Event{Type: event.TypeExecutionCount, ExecutionCount: c.count})
}
