package httpapi

import (
	"encoding/json"
	"math"
	"sync"
	"time"

	"execd/actors/event"
	"execd/actors/msg"
)

// broadcasts are the streams of samples, one for each interval that somebody
// watches, and for each phase of it that is needed for many.
type broadcasts struct {
	timeout time.Duration // after which a reader that takes nothing is gone
	streams *places       // each reader has one, and gives it back

	mu      sync.Mutex
	all     map[beat]*broadcast
	closing chan struct{}
	closed  bool
	running sync.WaitGroup
}

// broadcast sends each sample to all who watch an interval: encoded once,
// from one goroutine, which lives as long as somebody watches. A reader that
// has stalled is skipped, and gets the newest sample once it reads again.
type broadcast struct {
	owner *broadcasts
	feed  *msg.Feed
	write nonblocking
	wake  chan struct{} // cap 1: somebody has arrived

	arrived []*viewer // guarded by owner.mu
	size    int       // with those who have arrived; guarded by owner.mu

	viewers []*viewer // from here on the goroutine's own
	shown   time.Time // of the newest sample that was sent
	frames  [event.NDJSON + 1]*frame
}

func newBroadcasts(timeout time.Duration, streams *places) *broadcasts {
	return &broadcasts{timeout: timeout, streams: streams, all: map[beat]*broadcast{}, closing: make(chan struct{})}
}

// beat is an interval and a phase of it.
type beat struct {
	interval time.Duration
	phase    int
}

func beatOf(f *msg.Feed) beat { return beat{f.Interval, f.Phase} }

// crowd is how many readers share a phase before another is begun: to write
// to them all takes some 10 ms, which the last of them waits for.
const crowd = 1000

// phase is the one that the next reader of an interval should take: the first
// that is not crowded, or else the one with the fewest readers.
func (bs *broadcasts) phase(interval time.Duration) int {
	bs.mu.Lock()
	defer bs.mu.Unlock()
	best, fewest := 0, math.MaxInt
	for phase := range int(interval / msg.MetricsGrid) {
		n := 0
		if b := bs.all[beat{interval, phase}]; b != nil {
			n = b.size
		}
		if n < crowd {
			return phase
		}
		if n < fewest {
			best, fewest = phase, n
		}
	}
	return best
}

// join adds a reader, and takes over the feed.
func (bs *broadcasts) join(feed *msg.Feed, v *viewer) {
	bs.mu.Lock()
	defer bs.mu.Unlock()
	if bs.closed {
		feed.Leave()
		_ = v.conn.Close() // the server has ended; it would never be told more
		bs.streams.give()
		return
	}
	b := bs.all[beatOf(feed)]
	if b != nil {
		feed.Leave() // one for all
	} else {
		b = &broadcast{owner: bs, feed: feed, write: newNonblocking(), wake: make(chan struct{}, 1)}
		bs.all[beatOf(feed)] = b
		bs.running.Go(b.run)
	}
	b.arrived = append(b.arrived, v)
	b.size++
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// close ends all streams, and returns when that is done.
func (bs *broadcasts) close() {
	bs.mu.Lock()
	if !bs.closed {
		bs.closed = true
		close(bs.closing)
	}
	bs.mu.Unlock()
	bs.running.Wait()
}

func (b *broadcast) run() {
	defer b.end()
	for {
		sample, next := b.feed.Latest()
		if !sample.Time.IsZero() {
			b.show(sample)
		}
		if b.isOver() {
			return
		}
		select {
		case <-next:
		case <-b.wake:
		case <-b.owner.closing:
			return
		}
	}
}

// show sends a sample to everybody, or one that was sent before to those who
// have come since.
func (b *broadcast) show(sample msg.Metrics) {
	b.owner.mu.Lock()
	arrived := b.arrived
	b.arrived = nil
	b.owner.mu.Unlock()
	audience := arrived
	b.viewers = append(b.viewers, arrived...)
	if sample.Time.After(b.shown) {
		audience, b.shown = b.viewers, sample.Time
		b.encode(sample)
	}
	gone := false
	for _, v := range audience {
		if err := v.show(b.frames[v.framing], b.write); err != nil || v.stalled(b.owner.timeout) {
			_ = v.conn.Close()
			v.conn = nil
			b.owner.streams.give()
			gone = true
		}
	}
	if gone {
		b.forget()
	}
	b.feed.SetReaders(len(b.viewers))
}

func (b *broadcast) encode(sample msg.Metrics) {
	object, err := json.Marshal(describeMetrics(sample))
	if err != nil {
		panic(err) // numbers only, none of which can be infinite
	}
	for f := range b.frames {
		b.frames[f] = newFrame(event.Framing(f), object)
	}
}

// forget drops those who have gone, and their memory once they were many.
func (b *broadcast) forget() {
	kept := b.viewers[:0]
	for _, v := range b.viewers {
		if v.conn != nil {
			kept = append(kept, v)
		}
	}
	b.owner.mu.Lock()
	b.size -= len(b.viewers) - len(kept)
	b.owner.mu.Unlock()
	clear(b.viewers[len(kept):])
	b.viewers = kept
	if cap(kept) > 4*len(kept) {
		b.viewers = append([]*viewer(nil), kept...)
	}
}

// isOver ends the broadcast when nobody is left. Who comes after that finds
// another.
func (b *broadcast) isOver() bool {
	b.owner.mu.Lock()
	defer b.owner.mu.Unlock()
	if len(b.viewers) > 0 || len(b.arrived) > 0 {
		return false
	}
	delete(b.owner.all, beatOf(b.feed))
	return true
}

// end lets go of everybody.
func (b *broadcast) end() {
	b.owner.mu.Lock()
	b.viewers = append(b.viewers, b.arrived...)
	b.arrived = nil
	b.owner.mu.Unlock()
	for _, v := range b.viewers {
		v.end(b.write)
		b.owner.streams.give()
	}
	b.feed.SetReaders(0)
	b.feed.Leave()
}
