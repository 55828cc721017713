package actors

import (
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
	limit     time.Duration
	leaves    bool     // on_disconnect: it ends when its readers have gone
	answers   *answers // nil where nobody answers

	// What the actor knows of it.
	begun    time.Time
	reason   string // why it is being ended
	timer    *time.Timer
	lonely   *time.Timer
	deserted bool // its readers have gone

	// What the kernel's reader knows of it.
	count   int // execution_count, once it is known
	counted bool
	result  atomic.Pointer[kernel.Result] // set before the actor is told
	tell    func(message any)
}

// finished says that the kernel is done with a cell.
type finished struct{ cell *cell }

var _ kernel.Handler = (*cell)(nil)

// Output implements kernel.Handler.
func (c *cell) Output(o kernel.Output) {
	log := c.execution.log
	switch o.Kind {
	case kernel.KindStream:
		typ := event.TypeStdout
		if o.Name == "stderr" {
			typ = event.TypeStderr
		}
		log.Batch(func(b *event.Batch) { b.Text(typ, []byte(o.Text), false) })
	case kernel.KindExecuteInput:
		c.count = o.ExecutionCount
	case kernel.KindResult:
		c.count = o.ExecutionCount
		c.sendCount()
		log.Append(event.Event{Type: event.TypeResult, Results: results(o.Data), Metadata: o.Metadata})
	case kernel.KindDisplay:
		log.Append(event.Event{Type: event.TypeResult, Results: results(o.Data), Metadata: o.Metadata, DisplayID: o.DisplayID})
	case kernel.KindUpdateDisplay:
		log.Append(event.Event{Type: event.TypeDisplayUpdate, Results: results(o.Data), Metadata: o.Metadata, DisplayID: o.DisplayID})
	case kernel.KindClear:
		log.Append(event.Event{Type: event.TypeClearOutput, Wait: o.Wait})
	case kernel.KindInput:
		c.ask(o)
	case kernel.KindDropped:
		log.Append(event.Event{Type: event.TypeStatus, Status: "output_dropped", Reason: o.Text})
	default: // an error comes again in the result, busy is no news
	}
}

// Finished implements kernel.Handler.
func (c *cell) Finished(r kernel.Result) {
	if r.ExecutionCount > 0 {
		c.count = r.ExecutionCount
	}
	if r.Status == kernel.StatusOK || r.Status == kernel.StatusError {
		c.sendCount()
	}
	c.result.Store(&r)
	c.tell(finished{c})
}

// sendCount sends execution_count once, before the result and the end.
func (c *cell) sendCount() {
	if c.counted || c.count == 0 {
		return
	}
	c.counted = true
	c.execution.log.Append(event.Event{Type: event.TypeExecutionCount, ExecutionCount: c.count})
}

// results adds the name by which some clients look for plain text.
func results(data map[string]string) map[string]string {
	plain, ok := data["text/plain"]
	if !ok {
		return data
	}
	all := make(map[string]string, len(data)+1)
	for k, v := range data {
		all[k] = v
	}
	all["text"] = plain
	return all
}
