//go:build !linux

package shell

import "time"

// CPUCounter is what Linux alone has.
type CPUCounter struct{}

// NewCPUCounter returns one that tells nothing.
func NewCPUCounter(*Process) *CPUCounter { return &CPUCounter{} }

// CPUTime reports false: it cannot be told.
func (*CPUCounter) CPUTime() (user, system time.Duration, ok bool) { return 0, 0, false }

// Close does nothing.
func (*CPUCounter) Close() {}
