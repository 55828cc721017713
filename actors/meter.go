package actors

import (
	"math"
	"sync"
	"time"

	"execd/actors/msg"
	"execd/metrics"
)

// meter is what outlives the incarnations of the watcher: the feeds, who
// waits for the first sample, and the clock. All methods may be called from
// any goroutine.
type meter struct {
	born time.Time

	reading sync.Mutex // for the sampler: a new watcher may find the old one's worker still measuring
	sampler *metrics.Sampler

	mu      sync.Mutex
	latest  metrics.Reading
	feeds   map[beat]*feed
	failure error        // of the last reading
	kills   [2]killCount // the newest, and one that is older
	claimed uint64       // the kills up to this one have been told
	waiting []msg.GetMetrics
}

// beat is when a feed has its samples, in ticks of the grid. Many readers are
// spread over the phases of their interval, so that not all are written to at
// once.
type beat struct{ every, phase int64 }

var standardBeat = beat{every: int64(msg.MetricsInterval / msg.MetricsGrid)}

// count is how many samples are due up to a tick, behind a first one.
func (b beat) count(tick int64) int64 { return (tick-b.phase+b.every)/b.every - 1 }

// due is the first tick behind the given one at which a sample is.
func (b beat) due(tick int64) int64 { return (b.count(tick)+1)*b.every + b.phase }

// feed is one beat's.
type feed struct {
	*msg.Feed
	beat
	since   metrics.Reading // of its last sample
	readers int             // the standard feed stays without
}

func newMeter(config metrics.Config) *meter {
	standard := newFeed(standardBeat, func() {})
	return &meter{
		born:    time.Now(),
		sampler: metrics.New(config),
		feeds:   map[beat]*feed{standardBeat: standard},
	}
}

func newFeed(b beat, leave func()) *feed {
	return &feed{Feed: msg.NewFeed(time.Duration(b.every)*msg.MetricsGrid, int(b.phase), leave), beat: b}
}

func (m *meter) read(now time.Time) (metrics.Reading, error) {
	m.reading.Lock()
	defer m.reading.Unlock()
	return m.sampler.Read(now)
}

// tick is the number of the last tick of the grid up to t, and timeOf the
// time of one. All feeds are on the same grid, so one reading serves all that
// are due together.
func (m *meter) tick(t time.Time) int64 { return int64(t.Sub(m.born) / msg.MetricsGrid) }

func (m *meter) timeOf(tick int64) time.Time {
	return m.born.Add(time.Duration(tick) * msg.MetricsGrid)
}

// next is the first tick behind the given one that a feed is due at.
func (m *meter) next(tick int64) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if tick == 0 {
		return 1 // for a first percentage
	}
	next := int64(math.MaxInt64)
	for _, f := range m.feeds {
		next = min(next, f.due(tick))
	}
	return next
}

// publish gives a sample to the feeds that are due at a tick behind last, up
// to that of the sample, and to those that have none.
func (m *meter) publish(last int64, s sampled) {
	m.mu.Lock()
	defer m.mu.Unlock()
	streams := s.counts.streams
	for _, f := range m.feeds {
		streams += f.Readers()
	}
	m.latest, m.failure = s.reading, nil
	if now := s.reading.Time(); now.Sub(m.kills[0].at) >= msg.MetricsInterval {
		m.kills = [2]killCount{{now, s.reading.OOMKills()}, m.kills[0]}
	}
	for _, f := range m.feeds {
		early := f.since.Time().IsZero() || s.tick == 1
		if !early && f.count(s.tick) == f.count(last) {
			continue
		}
		sample := describeSample(s.reading.Since(f.since), s.counts)
		sample.Streams = streams
		f.since = s.reading
		f.Publish(sample)
	}
	m.answer()
}

// fail tells those who wait for a first sample that there is none. It reports
// whether that is news.
func (m *meter) fail(err error) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	news := m.failure == nil
	m.failure = err
	m.answer()
	return news
}

// whenMeasured answers with the newest sample, which the first may have to be
// waited for.
func (m *meter) whenMeasured(q msg.GetMetrics) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waiting = append(m.waiting, q)
	m.answer()
}

// answer answers who waits, as far as there is an answer; mu is held.
func (m *meter) answer() {
	sample, _ := m.feeds[standardBeat].Latest()
	if sample.Time.IsZero() && m.failure == nil {
		return
	}
	for _, q := range m.waiting {
		if sample.Time.IsZero() {
			q.Fail(msg.Errorf(msg.RuntimeError, "there are no metrics: %w", m.failure))
			continue
		}
		q.Answer(sample)
	}
	m.waiting = nil
}

// newest is the newest sample, if there is one.
func (m *meter) newest() (msg.Metrics, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	sample, _ := m.feeds[standardBeat].Latest()
	return sample, !sample.Time.IsZero()
}

// join counts a reader of a feed. A new feed begins with the newest
// sample of the standard one.
func (m *meter) join(b beat, leave func()) *msg.Feed {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.feeds[b]
	if f == nil {
		f = newFeed(b, leave)
		if sample, _ := m.feeds[standardBeat].Latest(); !sample.Time.IsZero() {
			f.since = m.latest
			f.Publish(sample)
		}
		m.feeds[b] = f
	}
	f.readers++
	return f.Feed
}

// left takes a reader off, and the feed with the last one.
func (m *meter) left(b beat) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.feeds[b]
	if f == nil {
		return
	}
	f.readers--
	if f.readers <= 0 && b != standardBeat {
		delete(m.feeds, b)
	}
}

// age is how old the newest reading is.
func (m *meter) age(now time.Time) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.latest.Time().IsZero() {
		return now.Sub(m.born)
	}
	return now.Sub(m.latest.Time())
}

// killCount is how many processes the kernel had killed for want of memory.
type killCount struct {
	at    time.Time
	kills uint64
}

// claimKill takes one of the kills that came in the last sample or two and
// that nobody has taken, if there is one: each ends one execution.
func (m *meter) claimKill(kills uint64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := max(m.killsBefore(), m.claimed)
	if kills <= before {
		return false
	}
	m.claimed = before + 1
	return true
}

// killsBefore is how many there were a sample or two ago; mu is held.
func (m *meter) killsBefore() uint64 {
	switch {
	case m.kills[0].at.IsZero():
		return math.MaxUint64 // nothing is known of earlier ones
	case m.kills[1].at.IsZero():
		return m.kills[0].kills
	}
	return m.kills[1].kills
}

// watchers is how many clients get samples.
func (m *meter) watchers() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, f := range m.feeds {
		n += f.Readers()
	}
	return n
}

func describeSample(s metrics.Sample, c counts) msg.Metrics {
	return msg.Metrics{
		Time: s.Time, Own: msg.Resources(s.Resources), Host: msg.Resources(s.Host), Limited: s.Limited,
		Load: s.Load, DiskTotal: s.DiskTotal, DiskUsed: s.DiskUsed, Uptime: s.Uptime, HostUptime: s.HostUptime,
		Executions: c.executions, Sessions: c.sessions, Contexts: c.contexts, Terminals: c.terminals,
	}
}
