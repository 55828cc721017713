package main

import (
	"os"
	"runtime"
	"runtime/debug"

	"execd/metrics"
)

// slack is how much garbage there may be before the collector looks for it,
// beyond as much as there is in use, which is what it allows itself. An idle
// daemon uses some 3 MiB, and the collector would run for every thousand
// requests: a twelfth of what a ping costs.
const slack = 8 << 20

// relaxCollector gives the collector memory to reckon with that is never
// touched, so that it takes none. It is kept until the returned function is
// called. Whoever sets GOGC knows better.
func relaxCollector() (release func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	unused := make([]byte, slack)
	return func() { runtime.KeepAlive(unused) }
}

// limitMemory has the garbage collector work harder before the container's
// limit, at which the kernel would kill the daemon. Whoever sets GOMEMLIMIT
// knows better. The tenth left is for what the collector does not count and
// for commands, which share the limit.
func limitMemory() {
	if limit := metrics.MemoryLimit(); limit > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(limit / 10 * 9))
	}
}
