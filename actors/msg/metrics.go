package msg

import (
	"sync"
	"sync/atomic"
	"time"
)

// GetMetrics asks for the newest sample, which is never older than a second
// or two. It waits only for the first one. It fails with RuntimeError where
// the platform does not tell what is measured.
type GetMetrics struct{ Reply[Metrics] }

// WatchMetrics asks for samples at an interval, and is answered with where
// they will be found. Whoever got a Feed has to Leave it. It fails with
// InvalidRequest outside of the bounds below.
type WatchMetrics struct {
	Reply[*Feed]
	Interval time.Duration // rounded up to a multiple of MetricsGrid
	Phase    int           // multiples of MetricsGrid by which its samples come later, below the interval
}

// Bounds of the interval between samples.
const (
	MetricsGrid     = 100 * time.Millisecond // also the shortest interval
	MetricsInterval = time.Second            // of samples that nobody asked for
	MetricsLongest  = time.Minute
)

// Metrics is what the machine, or the container on it, has and uses.
type Metrics struct {
	Time                          time.Time
	Own                           Resources // of the container where it has limits, else of the machine
	Host                          Resources // of the machine
	Limited                       bool      // Own has limits that Host has not
	Load                          [3]float64
	DiskTotal, DiskUsed           uint64 // bytes, of the working directory's file system
	Uptime, HostUptime            time.Duration
	Executions, Streams           int // running; read by somebody, with those who watch metrics
	Sessions, Contexts, Terminals int
}

// Resources are processors and memory, in bytes. The percentage is of all
// CPUs and covers the time since the sample before.
type Resources struct {
	CPUs, CPUPercent                       float64
	MemTotal, MemUsed, SwapTotal, SwapUsed uint64
}

// Feed holds the newest sample of one interval. Any goroutine may read it;
// only the watcher of the supervision tree publishes. It keeps no sample but
// the newest, so that whoever falls behind goes on with that one.
type Feed struct {
	Interval time.Duration
	Phase    int
	leave    func()
	readers  atomic.Int64

	mu   sync.Mutex
	now  Metrics
	next chan struct{} // closed by the next sample
}

// NewFeed returns a feed without a sample. Leave is called when a reader has
// left.
func NewFeed(interval time.Duration, phase int, leave func()) *Feed {
	return &Feed{Interval: interval, Phase: phase, leave: leave, next: make(chan struct{})}
}

// Publish replaces the sample and wakes everybody who waits for it.
func (f *Feed) Publish(m Metrics) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = m
	close(f.next)
	f.next = make(chan struct{})
}

// Latest returns the newest sample, whose Time is zero before the first, and
// a channel that is closed by the next one.
func (f *Feed) Latest() (Metrics, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now, f.next
}

// Leave says that a reader will not read again. Each calls it once.
func (f *Feed) Leave() { f.leave() }

// SetReaders says how many clients get what is read here.
func (f *Feed) SetReaders(n int) { f.readers.Store(int64(n)) }

// Readers is how many clients get the samples.
func (f *Feed) Readers() int { return int(f.readers.Load()) }
