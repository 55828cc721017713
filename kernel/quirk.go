package kernel

import "time"

// quirk is what a kernel does against the protocol, seen by running it.
type quirk struct {
	// linger keeps an execution open after reply and idle, for output that
	// comes later.
	linger time.Duration

	// retryAborted is how long after an aborted reply the same request is sent
	// once more.
	retryAborted time.Duration
}

// quirkOf knows the kernels by their program. Deno publishes stream messages
// behind the idle. tslab refuses every request within 200 ms after an error,
// so a client that never had a queue sees its next cell aborted.
func quirkOf(s *kernelspec) quirk {
	switch {
	case s.mentions("deno"):
		return quirk{linger: 50 * time.Millisecond}
	case s.mentions("tslab"):
		return quirk{retryAborted: 250 * time.Millisecond}
	}
	return quirk{}
}
