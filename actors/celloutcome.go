package actors

import (
	"fmt"

	"execd/actors/event"
	"execd/kernel"
)

// reasonTimeout is that of a run that took longer than it was allowed to.
const reasonTimeout = "timeout"

// outcome is how clients are told of the end of a cell. What a timeout has
// ended is the language's own error, because that shows where the code was;
// that it was the timeout is said with it.
func (c *cell) outcome(r kernel.Result) outcome {
	switch r.Status {
	case kernel.StatusOK:
		return outcome{reason: c.reason, terminal: event.Event{Type: event.TypeComplete}}
	case kernel.StatusError:
		return c.failed(r)
	case kernel.StatusAborted:
		text := c.because("the kernel aborted the run, because of an error or an interrupt before it")
		return failure("ExecutionAborted", text, orElse(c.reason, "aborted"))
	default:
		text := "the kernel died"
		if r.Err != nil {
			text = r.Err.Error()
		}
		return failure("KernelDied", c.because(text), orElse(c.reason, "kernel died"))
	}
}

// failed is the outcome of a cell that ended with an error of its language.
func (c *cell) failed(r kernel.Result) outcome {
	value, traceback := r.EValue, r.Traceback
	if c.reason == reasonTimeout {
		value = c.because(value)
		traceback = append(traceback[:len(traceback):len(traceback)], c.overtime())
	}
	text := r.EName
	if value != "" {
		text += ": " + value
	}
	return outcome{reason: c.reason, errText: text, terminal: event.Event{
		Type:  event.TypeError,
		Error: &event.Error{Name: r.EName, Value: value, Traceback: traceback},
		Shown: c.shown,
	}}
}

// because puts before a text that it was the timeout, where it was.
func (c *cell) because(text string) string {
	switch {
	case c.reason != reasonTimeout:
		return text
	case text == "":
		return c.overtime()
	}
	return c.overtime() + ": " + text
}

func (c *cell) overtime() string {
	return fmt.Sprintf("the code ran longer than its timeout of %v", c.limit)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
