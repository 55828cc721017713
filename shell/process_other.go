//go:build !unix

package shell

import (
	"context"
	"os"
	"syscall"
	"time"
)

// Process is a started process; this platform has none. See ThisPlatform.
type Process struct{}

// Start fails with ErrUnsupported.
func Start(Command) (*Process, error) { return nil, lacking("commands") }

// Pid is never called: there is no process.
func (*Process) Pid() int { return 0 }

// Usage is never called: there is no process.
func (*Process) Usage() (Usage, int, bool) { return Usage{}, 0, false }

// Started is never called: there is no process.
func (*Process) Started() time.Time { return time.Time{} }

// Exited is never called: there is no process.
func (*Process) Exited() <-chan struct{} { return nil }

// OutputDone is never called: there is no process.
func (*Process) OutputDone() <-chan struct{} { return nil }

// CloseOutput is never called: there is no process.
func (*Process) CloseOutput() {}

// LeftBehind is never called: there is no process.
func (*Process) LeftBehind() bool { return false }

// Run is never called: there is no process.
func (*Process) Run(Sink) Exit { return Exit{} }

// Signal is never called: there is no process.
func (*Process) Signal(syscall.Signal) error { return ErrUnsupported }

// Kill is never called: there is no process.
func (*Process) Kill() {}

// Stop is never called: there is no process.
func (*Process) Stop(context.Context, syscall.Signal, time.Duration) int { return 0 }

// Terminal is a process on a terminal; this platform has none either.
type Terminal struct{ *Process }

// Size is that of a terminal, in characters.
type Size struct{ Columns, Rows uint16 }

// StartTerminal fails with ErrUnsupported.
func StartTerminal(Command, Size) (*Terminal, error) { return nil, lacking("terminals") }

// Resize is never called: there is no terminal.
func (*Terminal) Resize(Size) error { return ErrUnsupported }

// Master is never called: there is no terminal.
func (*Terminal) Master() *os.File { return nil }

// ReleaseGroups does nothing: there are no control groups.
func ReleaseGroups() {}
