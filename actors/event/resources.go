package event

import (
	"strconv"
	"time"
)

// Resources are what a process and its descendants have used.
type Resources struct {
	CPU           time.Duration
	OnlyCPU       bool  // nothing else is known
	PeakMemory    int64 // bytes resident, of the largest process, or of all together where that was seen to be more; 0 if unknown
	Read, Written int64 // bytes, from and to storage
	Processes     int   // that run; 0 at the end
	PeakProcesses int   // that were seen to run at once
}

func appendResources(b []byte, u *Resources) []byte {
	b = append(b, `,"usage":{"cpu_ms":`...)
	b = strconv.AppendInt(b, u.CPU.Milliseconds(), 10)
	if u.OnlyCPU {
		return append(b, '}')
	}
	b = appendNumber(b, `,"peak_memory_bytes":`, u.PeakMemory)
	b = append(b, `,"read_bytes":`...)
	b = strconv.AppendInt(b, u.Read, 10)
	b = append(b, `,"written_bytes":`...)
	b = strconv.AppendInt(b, u.Written, 10)
	b = append(b, `,"peak_processes":`...)
	b = strconv.AppendInt(b, int64(u.PeakProcesses), 10)
	return append(b, '}')
}
