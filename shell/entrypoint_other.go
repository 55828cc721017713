//go:build !unix

package shell

import (
	"fmt"
	"syscall"
)

// Entrypoint is a program beside this process; there is none on this platform.
type Entrypoint struct{}

// StartEntrypoint fails with ErrUnsupported.
func StartEntrypoint(argv []string) (*Entrypoint, Exit, error) {
	return nil, exitedWith(1), fmt.Errorf("start %s: %w", argv[0], ErrUnsupported)
}

// Pid is never called: there is none.
func (*Entrypoint) Pid() int { return 0 }

// Exited is never called either.
func (*Entrypoint) Exited() <-chan struct{} { return nil }

// Exit is never called either.
func (*Entrypoint) Exit() Exit { return Exit{} }

// Signal is never called either.
func (*Entrypoint) Signal(syscall.Signal) {}
