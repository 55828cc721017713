package kernel

import (
	"errors"
	"fmt"
	"strings"
)

// Errors to test for with errors.Is.
var (
	ErrNoKernel = errors.New("no kernel for the language is installed: install one or use another language")
	ErrStart    = errors.New("kernel did not start: read its output, then try again")
	ErrDead     = errors.New("kernel is dead: start another one")
	ErrClosed   = errors.New("kernel provider is closed: execd is shutting down")
	ErrNoStdin  = errors.New("kernel has no stdin channel: start it with one to allow input")
	ErrNoInput  = errors.New("kernel does not ask for input: wait for an input_request")
	ErrNoIdle   = errors.New("kernel replied but never went idle: output may be incomplete")
	ErrNoReply  = errors.New("kernel went idle but never replied: run the code again to know its outcome")
)

// NoKernelError is the ErrNoKernel of one language.
type NoKernelError struct {
	Language  string
	Installed []string // languages there are
	Hint      string   // how to install one; empty if not known
}

func (e *NoKernelError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "no kernel for %q is installed", e.Language)
	if len(e.Installed) > 0 {
		fmt.Fprintf(&b, " (there are: %s)", strings.Join(e.Installed, ", "))
	}
	if e.Hint != "" {
		fmt.Fprintf(&b, "; to install one: %s", e.Hint)
	}
	return b.String()
}

// Is makes it ErrNoKernel.
func (e *NoKernelError) Is(target error) bool { return target == ErrNoKernel }

// StartError is the ErrStart of one kernel.
type StartError struct {
	Kernel string // kernelspec
	Cause  error
	Output string // the end of what the process wrote
}

func (e *StartError) Error() string {
	s := fmt.Sprintf("start kernel %s: %v", e.Kernel, e.Cause)
	if e.Output != "" {
		s += "; its output ends with:\n" + e.Output
	}
	return s
}

// Unwrap gives ErrStart and the cause.
func (e *StartError) Unwrap() []error { return []error{ErrStart, e.Cause} }

// exitedError is the ErrDead of a kernel whose process ended by itself.
type exitedError struct{ text string }

func (e *exitedError) Error() string { return "kernel exited: " + e.text }

// Is makes it ErrDead.
func (e *exitedError) Is(target error) bool { return target == ErrDead }

// endedError is the ErrDead of a kernel that was ended from here.
type endedError struct {
	text  string
	cause error // may be nil
}

func (e *endedError) Error() string {
	if e.cause != nil {
		return e.text + ": " + e.cause.Error()
	}
	return e.text
}

// Is makes it ErrDead.
func (e *endedError) Is(target error) bool { return target == ErrDead }

func (e *endedError) Unwrap() error { return e.cause }
