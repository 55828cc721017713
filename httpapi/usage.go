package httpapi

import (
	"execd/actors/event"
	"execd/actors/msg"
)

// usageBody is what the processes of an execution have used.
type usageBody struct {
	CPUMillis int64 `json:"cpu_ms"`
	*furtherUsage
}

// furtherUsage is nil where only the CPU time is known.
type furtherUsage struct {
	PeakMemory int64 `json:"peak_memory_bytes,omitempty"`
	Read       int64 `json:"read_bytes"`
	Written    int64 `json:"written_bytes"`
	Most       int   `json:"peak_processes"`
	Processes  int   `json:"processes,omitempty"`
}

func describeUsage(u *event.Resources) *usageBody {
	if u == nil {
		return nil
	}
	body := &usageBody{CPUMillis: u.CPU.Milliseconds()}
	if !u.OnlyCPU {
		body.furtherUsage = &furtherUsage{
			PeakMemory: u.PeakMemory, Read: u.Read, Written: u.Written, Most: u.PeakProcesses, Processes: u.Processes,
		}
	}
	return body
}

// kernelUsageBody is what a kernel uses.
type kernelUsageBody struct {
	CPUMillis  int64 `json:"cpu_ms"`
	Memory     int64 `json:"memory_bytes"`
	PeakMemory int64 `json:"peak_memory_bytes"`
	Processes  int   `json:"processes"`
}

func describeKernelUsage(u *msg.KernelUsage) *kernelUsageBody {
	if u == nil {
		return nil
	}
	return &kernelUsageBody{CPUMillis: u.CPU.Milliseconds(), Memory: u.Memory, PeakMemory: u.PeakMemory, Processes: u.Processes}
}
