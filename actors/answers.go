package actors

import (
	"errors"
	"fmt"
	"sync"

	"execd/actors/event"
	"execd/actors/msg"
	"execd/kernel"
)

// answers are the standard input of a cell. They are not its actor's: the
// kernel's reader notes the question, and a client answers it directly.
type answers struct {
	mu     sync.Mutex
	kernel kernel.Kernel // that runs the cell; nil before it does
	asked  bool          // a question waits
	closed bool          // there will be no more answers
}

var _ msg.Answers = (*answers)(nil)

// of says which kernel will ask. It does nothing where nobody answers.
func (a *answers) of(k kernel.Kernel) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.kernel = k
}

// question reports whether there is somebody to answer; if not, the kernel
// has been told.
func (a *answers) question() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closed {
		a.asked = true
		return true
	}
	_ = a.kernel.Input(kernel.EndOfInput) // a kernel that is gone does not wait
	return false
}

// Answer implements msg.Answers.
func (a *answers) Answer(text string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.closed:
		return errInputClosed
	case !a.asked:
		return errNotAsked
	}
	a.asked = false
	return a.send(text)
}

// Close implements msg.Answers.
func (a *answers) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	if !a.asked {
		return nil
	}
	a.asked = false
	return a.send(kernel.EndOfInput)
}

var errNotAsked = msg.Errorf(msg.NotRunning, "the code does not ask for input; wait for a status event stdin_requested")

// send answers the question; it may have been interrupted meanwhile.
func (a *answers) send(text string) error {
	err := a.kernel.Input(text)
	if errors.Is(err, kernel.ErrNoInput) {
		return errNotAsked
	}
	if err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	return nil
}

// answer gives the execution its standard input.
func (x *execution) answer(a msg.Answers) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.answers = a
}

// ask tells the client that the code waits for input.
func (c *cell) ask(o kernel.Output) {
	if c.answers != nil && c.answers.question() {
		c.execution.log.Append(event.Event{
			Type: event.TypeStatus, Status: "stdin_requested", Prompt: o.Text, Password: o.Password,
		})
	}
}
