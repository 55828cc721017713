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
	killed   int // processes that were ended with it
	terminal event.Event
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

// commandOutcome is how clients are told of an exit. They parse the exit
// code out of evalue, and know a signal as -1.
func commandOutcome(exit shell.Exit, reason string, timeout time.Duration) outcome {
	o := outcome{exit: &exit.Code, signal: exit.SignalName(), reason: reason}
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
	o.terminal = event.Event{
		Type:  event.TypeError,
		Error: &event.Error{Name: "CommandExecError", Value: value, Traceback: trace},
	}
	return o
}
