package metrics

import "time"

// Sample is what a machine, or the container on it, has and uses.
type Sample struct {
	Time     time.Time
	Interval time.Duration // that the percentages cover; 0 for the first reading

	Resources           // of the container where it has limits, else of the machine
	Host      Resources // of the machine
	Limited   bool      // Resources has limits that Host has not

	Load       [3]float64 // over 1, 5 and 15 minutes, of the machine
	DiskTotal  uint64     // bytes of the file system of the working directory
	DiskUsed   uint64     // bytes that an unprivileged user cannot have any more
	Uptime     time.Duration
	HostUptime time.Duration
	OOMKills   uint64 // processes that the kernel has killed for want of memory, so far
}

// Resources are the processors and the memory of a machine or a container.
type Resources struct {
	CPUs                float64 // a quota may be a fraction of one
	CPUPercent          float64 // of all CPUs, 0 to 100
	MemTotal, MemUsed   uint64  // bytes, without what is only cached
	SwapTotal, SwapUsed uint64  // bytes
}

// Reading is the state of all counters at one time.
type Reading struct {
	sample Sample // without percentages
	host   cpuClock
	own    float64 // processor seconds of the container
	counts bool    // own is known, and stands for Resources
}

// cpuClock counts the use of processors.
type cpuClock struct {
	busy float64 // processor seconds that were used
	all  float64 // processor seconds that there were
}

// percent is how much of the processors was used since the earlier reading,
// or 0 where too little time has passed to tell.
func (c cpuClock) percent(earlier cpuClock) float64 {
	all := c.all - earlier.all
	if all <= 0 {
		return 0
	}
	return min(max((c.busy-earlier.busy)/all*100, 0), 100)
}

// Since returns the sample for the time between two readings. For the zero
// Reading, which is before all others, the percentages are 0.
func (r Reading) Since(earlier Reading) Sample {
	s := r.sample
	if earlier.sample.Time.IsZero() {
		return s
	}
	s.Interval = s.Time.Sub(earlier.sample.Time)
	s.Host.CPUPercent = r.host.percent(earlier.host)
	s.CPUPercent = s.Host.CPUPercent
	if r.counts && earlier.counts {
		// By what the container has now: a quota may have changed meanwhile.
		now := cpuClock{busy: r.own, all: s.CPUs * s.Interval.Seconds()}
		s.CPUPercent = now.percent(cpuClock{busy: earlier.own})
	}
	return s
}

// Time is when the reading was taken.
func (r Reading) Time() time.Time { return r.sample.Time }

// OOMKills is how many processes the kernel had killed for want of memory.
func (r Reading) OOMKills() uint64 { return r.sample.OOMKills }
