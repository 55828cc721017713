//go:build !linux

package shell

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

// Session is one long-lived bash; this platform has no way to give it the
// descriptors of each run.
type Session struct{}

// NewSession fails with ErrUnsupported.
func NewSession(SessionConfig) (*Session, error) {
	return nil, fmt.Errorf("start session: %w", ErrUnsupported)
}

// Fresh is never called: there is no session.
func (*Session) Fresh() string { return "" }

// Underway is of a session, which there is none of.
type Underway struct{}

// Begin is never called: there is no session.
func (*Session) Begin(Run, Sink, func(*Underway)) (*Underway, error) { return nil, ErrUnsupported }

// Look is never called: there is no session.
func (*Underway) Look(time.Duration) {}

// Lasts is never called: there is no session.
func (*Underway) Lasts() {}

// End is never called: there is no session.
func (*Underway) End() (Exit, <-chan struct{}) { return Exit{}, nil }

// Begun is never called: there is no session.
func (*Underway) Begun() bool { return false }

// Prepare is never called: there is no session.
func (*Session) Prepare() {}

// Interrupt is never called: there is no session.
func (*Session) Interrupt(context.Context, string, syscall.Signal, time.Duration) int { return 0 }

// Signal is never called: there is no session.
func (*Session) Signal(string, syscall.Signal) error { return ErrUnsupported }

// Dir is never called: there is no session.
func (*Session) Dir() string { return "" }

// Close is never called: there is no session.
func (*Session) Close(context.Context) int { return 0 }
