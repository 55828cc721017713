package actors

import (
	"fmt"
	"time"

	"execd/actors/event"
	"execd/shell"
)

// outcome is how an execution ended.
type outcome struct {
	exit     *int
	signal   string
	reason   string
	errText  string
	killed   int              // processes that were ended with it
	usage    *event.Resources // nil where there was no process of its own
	terminal event.Event
}

// The results of executions whose end was their own doing; of others it is
// the reason.
const (
	resultSuccess = "success"
	resultFailure = "failure"
	resultRefused = "refused" // it never was
)

// result is in one word how an execution has ended.
func (x *execution) result() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	o := &x.outcome
	switch {
	case x.refusal != nil:
		return resultRefused
	case o.reason != "":
		return o.reason
	case o.errText != "" || o.exit != nil && *o.exit != 0:
		return resultFailure
	}
	return resultSuccess
}

// failure is an outcome that is not the program's own doing.
func failure(name, value, reason string) outcome {
	return outcome{
		reason:  reason,
		errText: value,
		terminal: event.Event{
			Type:  event.TypeError,
			Error: &event.Error{Name: name, Value: value, Traceback: []string{value}},
		},
	}
}

// reasonMemory is that of a process that the kernel killed for want of memory.
const reasonMemory = "oom"

// commandOutcome is how clients are told of an exit. They parse the exit
// code out of evalue, and know a signal as -1.
func commandOutcome(exit shell.Exit, reason string, timeout time.Duration) outcome {
	o := outcome{exit: &exit.Code, signal: exit.SignalName(), reason: reason, usage: usageAtEnd(exit)}
	if exit.Code == 0 {
		o.terminal = event.Event{Type: event.TypeComplete}
		return o
	}
	o.errText = exit.String()
	value := fmt.Sprint(exit.Code)
	if o.signal != "" {
		value = "-1"
	}
	trace := []string{exit.String()}
	if reason == "timeout" {
		trace = append(trace, fmt.Sprintf("the command ran longer than its timeout of %v", timeout))
	}
	if reason == reasonMemory {
		trace = append(trace, "the kernel killed it because there was no memory left (OOM killer)")
	}
	o.terminal = event.Event{
		Type:  event.TypeError,
		Error: &event.Error{Name: "CommandExecError", Value: value, Traceback: trace},
	}
	return o
}
