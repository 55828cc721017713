package kernel

import "time"

// CPUTimer is what a Kernel is as well, and a Process, where it can be told for
// how long processors have worked for it until now, or until its end: for the
// process and what it has started. It reports false where that is not known.
type CPUTimer interface {
	CPUTime() (used time.Duration, ok bool)
}

var (
	_ CPUTimer = (*session)(nil)
	_ CPUTimer = (*pooled)(nil)
)

// CPUTime implements CPUTimer.
func (s *session) CPUTime() (used time.Duration, ok bool) { return CPUTime(s.proc) }

// CPUTime implements CPUTimer.
func (k *pooled) CPUTime() (used time.Duration, ok bool) { return CPUTime(k.Kernel) }

// CPUTime is what a Kernel or a Process tells, if it is a CPUTimer.
func CPUTime(of any) (used time.Duration, ok bool) {
	if t, is := of.(CPUTimer); is {
		return t.CPUTime()
	}
	return 0, false
}
