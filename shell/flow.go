//go:build unix

package shell

import "time"

// flow lets what comes fast gather in its pipe. A reader that is as fast as
// the writer finds a few KiB each time, and what that costs is to be woken for
// them: the reader, and everybody behind it. The zero value is ready.
type flow struct {
	total int64     // bytes so far
	burst int64     // since the pipe was last found empty
	since time.Time // when that was
}

const (
	// flowStart is what a stream has to bring before it can be a flow: what
	// most programs print is passed on as it comes.
	flowStart = 1 << 20
	// flowRate is what a flow brings in a millisecond at least: enough for
	// what gathers during a nap to be worth it.
	flowRate = 64 << 10
	// napTime is short beside what a reader on a network notices, and not
	// long enough for a flow to fill a pipe that has grown, which would hold
	// up the writer.
	napTime = time.Millisecond / 2
)

func (f *flow) add(n int) {
	f.total += int64(n)
	f.burst += int64(n)
}

// large reports whether so much has come that this can be a flow.
func (f *flow) large() bool { return f.total >= flowStart }

// empty is told when the pipe is, and how long to let more gather before it is
// looked at again; 0 is to wait for the next byte.
func (f *flow) empty(now time.Time) time.Duration {
	fast := f.large() && f.burst*int64(time.Millisecond) >= flowRate*int64(now.Sub(f.since))
	f.burst, f.since = 0, now
	if !fast {
		return 0
	}
	return napTime
}
