package kernel

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"execd/kernel/wire"
)

// execution is one execute_request from the sending to its end. It is over
// when the reply on shell and the idle on iopub have both been seen, in any
// order; see the Jupyter messaging documentation, "Request-Reply" and "Kernel
// status".
//
// Its methods may be called from any goroutine. The handler is called under
// mu, which makes the calls a sequence.
type execution struct {
	owner    owner
	handler  Handler
	metadata []byte // of the request
	content  []byte // kept to send it again; guarded by the owner once it is sent
	grace    time.Duration
	quirk    quirk
	id       string // of the message; guarded by the owner

	allowStdin bool // an input_request is for the handler
	rinses     bool // see rinse.go
	comms      bool // so are the messages of comms

	mu      sync.Mutex // guards the rest
	started bool       // execute_input or output was seen
	replied bool
	idle    bool
	again   int // how often it was sent again
	over    bool
	moves   int64 // messages seen
	seen    int64 // progress when the timer was set
	timer   *time.Timer
	turn    int // of timer; one with an earlier turn has nothing to say
	result  Result
	pages   []Output // what the reply wants shown
	printed printed  // with quirk.confess only
	passed  half     // where the kernel has answered behind what is missing
	asked   int      // how often it was asked to
}

// owner is what an execution needs of its session.
type owner interface {
	retire(*execution) // its end is told next
	forget(*execution) // it takes no late output any more
	resend(*execution)
	askAgain(*execution) // sends what the kernel answers behind what is missing
	received() int64     // bytes from the kernel so far
}

// publish takes an iopub message, or an input_request.
func (e *execution) publish(m *wire.Message) error {
	if m.Type == "status" {
		return e.status(m.Content)
	}
	o, err := decodeOutput(m, e.comms)
	if errors.Is(err, errNotShown) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", m.Type, err)
	}
	e.show(o)
	return nil
}

// show gives one output to the handler.
func (e *execution) show(o Output) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.over {
		e.late(o)
		return
	}
	e.started = true
	e.moves++
	if o.Kind == KindError {
		e.result.EName, e.result.EValue, e.result.Traceback = o.EName, o.EValue, o.Traceback
	}
	if e.quirk.confess != nil {
		e.printed.note(o)
	}
	e.handler.Output(o)
}

// late gives an output that comes behind the end to a handler that takes it.
// What only tells of the request itself is no news then.
func (e *execution) late(o Output) {
	h, ok := e.handler.(LateHandler)
	if !ok || o.Kind == KindExecuteInput || o.Kind == KindInput {
		return
	}
	if !h.Late(o) {
		e.owner.forget(e)
	}
}

func (e *execution) status(content []byte) error {
	state, err := decodeState(content)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.over {
		return nil
	}
	e.moves++
	switch state {
	case "busy":
		e.handler.Output(Output{Kind: KindBusy})
	case "idle":
		e.idle = true
		e.settle()
	}
	return nil
}

// reply takes an execute_reply. What it says wins over what iopub said, except
// that some kernels leave the error to iopub.
func (e *execution) reply(m *wire.Message) error {
	result, pages, err := decodeReply(m.Content)
	if err != nil {
		return fmt.Errorf("%s: %w", m.Type, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.over || e.replied {
		return nil
	}
	e.moves++
	if result.Status == StatusError && result.EName == "" && result.EValue == "" {
		result.EName, result.EValue, result.Traceback = e.result.EName, e.result.EValue, e.result.Traceback
	}
	e.replied, e.result, e.pages = true, result, pages
	e.settle()
	return nil
}

// settle ends the execution when it is over, or sets a timer for what is
// missing.
func (e *execution) settle() {
	if d := e.patience(); d > 0 {
		e.wait(d)
		return
	}
	e.conclude()
}

// patience is how long to wait for what may still come.
func (e *execution) patience() time.Duration {
	if e.replied && e.idle {
		return e.quirk.linger
	}
	return e.grace
}

func (e *execution) wait(d time.Duration) {
	e.stopTimer()
	e.seen = e.progress()
	turn := e.turn
	e.timer = time.AfterFunc(d, func() { e.expire(turn) })
}

func (e *execution) progress() int64 { return e.moves + e.owner.received() }

// loseReply makes the most of an execution without reply. Without the error
// that iopub may have told, its outcome is not known, which is no success.
func (e *execution) loseReply() {
	e.result.Status, e.result.Err = StatusError, ErrNoReply
	if e.result.EName == "" {
		e.result.EName, e.result.EValue = "KernelReplyLost", ErrNoReply.Error()
	}
}

// maxRetries is how often a request that is refused is sent again. The clock by
// which the kernel refuses runs late where it has little of the processor.
const maxRetries = 8

// unnamed is the name of an error of which the kernel says none, as bash_kernel
// of a command that failed.
const unnamed = "Error"

// conclude ends the execution, or sends it again where the kernel refused it
// for no fault of its own.
func (e *execution) conclude() {
	refused := e.replied && e.result.Status == StatusAborted && !e.started
	if refused && e.quirk.retryAborted > 0 && e.again < maxRetries {
		e.again++
		e.replied, e.idle, e.result = false, false, Result{}
		e.stopTimer()
		e.timer = time.AfterFunc(e.quirk.retryAborted, func() { e.owner.resend(e) })
		return
	}
	for _, page := range e.pages {
		e.handler.Output(page)
	}
	if e.quirk.confess != nil {
		e.quirk.confess(&e.printed, &e.result)
	}
	if e.result.Status == StatusError && e.result.EName == "" {
		e.result.EName = unnamed
	}
	e.owner.retire(e)
	e.finish()
}

// die ends the execution with its kernel. With the reply its outcome is known,
// and only output may be missing.
func (e *execution) die(cause error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.over {
		return
	}
	if e.result.Err = cause; !e.replied {
		e.result.Status = StatusDead
	}
	e.finish()
}

func (e *execution) finish() {
	e.over = true
	e.stopTimer()
	result := e.result
	e.result, e.pages, e.printed = Result{}, nil, printed{} // it may be remembered for a while
	e.handler.Finished(result)
}

// stopTimer also disarms a timer that has fired and waits for mu.
func (e *execution) stopTimer() {
	e.turn++
	if e.timer != nil {
		e.timer.Stop()
	}
}
