package main

import (
	"bytes"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// watchReaders is how many readers the samples have: as many as execd lets in.
const watchReaders = 10_000

// The rows of those who watch metrics are of one measurement.
var (
	watchMemory = row{
		name: "watched metrics (10,000 readers; quick: 2,000), memory each", unit: "KiB",
		target: target{bound: 12},
		run:    func(b *bench) (result, error) { w, err := b.watched(); return alone(w.memory), err },
	}
	watchDelay = row{
		name: "watched metrics, sample to reader", unit: "ms",
		target: target{bound: 100, slow99: true},
		run:    func(b *bench) (result, error) { w, err := b.watched(); return result{Value: w.delays.summary()}, err },
	}
	watchCPU = row{
		name: "watched metrics, share of a core", unit: "%",
		target: target{bound: 60},
		run:    func(b *bench) (result, error) { w, err := b.watched(); return alone(w.cpu), err },
	}
)

// watched is what readers of samples cost, and how late they are.
type watched struct {
	memory, cpu float64
	delays      samples
}

// watched measures once, for all rows.
func (b *bench) watched() (watched, error) {
	b.watchOnce.Do(func() {
		n := b.few(watchReaders, watchReaders/5)
		if have := openFiles(); have < n+100 {
			b.watchErr = skip("only %d files may be open; %d readers need more", have, n)
			return
		}
		b.watch, b.watchErr = b.measureWatchers(n, b.few(10, 4))
	})
	return b.watch, b.watchErr
}

// measureWatchers has n readers get so many samples each, one a second, of which none may be missing.
func (b *bench) measureWatchers(n, ticks int) (watched, error) {
	s, err := b.startExecd() // one that has no memory left from other rows, to use again
	if err != nil {
		return watched{}, err
	}
	defer s.stop()
	time.Sleep(settleTime)
	before, err := residentMemory(s.pid())
	if err != nil {
		return watched{}, err
	}
	conns, err := attachMany(s.addr, "/metrics/watch", n, smallBuffer)
	if err != nil {
		return watched{}, err
	}
	defer closeAll(conns)
	a := audience{ticks: ticks, complete: time.Now().UnixMilli()}
	a.ready.Add(n)
	for _, c := range conns {
		c.until(time.Now().Add(patience))
		a.all.Go(func() { a.add(a.watch(c)) })
	}
	a.ready.Wait()
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // the collector of the readers is not what is late
	cpu, err := cpuTime(s.pid())
	began := time.Now()
	a.from.Store(began.UnixMilli())
	a.all.Wait()
	took := time.Since(began)
	if err := errors.Join(err, a.err); err != nil {
		return watched{}, err
	}
	after, err := residentMemory(s.pid())
	cpuAfter, errCPU := cpuTime(s.pid())
	return watched{
		memory: (after - before) / 1024 / float64(n),
		cpu:    100 * float64(cpuAfter-cpu) / float64(took),
		delays: a.delays,
	}, errors.Join(err, errCPU)
}

// audience is all who read samples. What came while they were still attaching has waited for them, not they for it: it
// is not counted, and neither is anything until all of them have caught up.
type audience struct {
	ticks    int   // how many samples each is to count
	complete int64 // when all were attached, in ms
	ready    sync.WaitGroup
	from     atomic.Int64 // samples are counted from this time on, in ms; 0 as long as somebody has to catch up
	all      sync.WaitGroup

	mu     sync.Mutex
	delays samples
	err    error // of the first that failed
}

// add adds what a reader has seen.
func (a *audience) add(delays samples, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.delays = append(a.delays, delays...)
	if a.err == nil {
		a.err = err
	}
}

var timestampField = []byte(`"timestamp":`)

// watchInterval is the time from sample to sample, in ms.
const watchInterval = 1000

// errWatched says that a reader has seen enough.
var errWatched = errors.New("enough samples")

// watch reads until it has counted enough, and tells how late each was.
func (a *audience) watch(c *connection) (samples, error) {
	delays := make(samples, 0, a.ticks)
	caughtUp := sync.OnceFunc(a.ready.Done)
	defer caughtUp() // also when it fails before
	var first int64
	err := c.frames(func(f frame) error {
		now := time.Now().UnixMicro()
		taken, err := timeOf(f)
		if err != nil {
			return err
		}
		if taken >= a.complete {
			caughtUp()
		}
		if from := a.from.Load(); from == 0 || taken < from {
			return nil
		}
		if len(delays) == 0 {
			first = taken
		}
		if missed := missedSamples(taken-first, len(delays)); missed > 0 {
			return fmt.Errorf("a reader has missed %d samples of %d", missed, len(delays)+missed)
		}
		delays = append(delays, float64(now)/1000-float64(taken))
		if len(delays) == a.ticks {
			return errWatched
		}
		return nil
	})
	switch {
	case errors.Is(err, errWatched):
		return delays, nil
	case err == nil:
		return nil, fmt.Errorf("the stream of samples ends behind %d of %d", len(delays), a.ticks)
	}
	return nil, fmt.Errorf("watch metrics: %w", err)
}

// timeOf is when a sample was taken, in ms.
func timeOf(f frame) (int64, error) {
	at := bytes.Index(f, timestampField)
	if at < 0 {
		return 0, fmt.Errorf("no sample: %q", f)
	}
	rest := f[at+len(timestampField):]
	taken, err := strconv.ParseInt(string(rest[:max(bytes.IndexAny(rest, ",}"), 0)]), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read time of a sample: %w", err)
	}
	return taken, nil
}

// missedSamples is how many samples a reader has not got that has now got one, so many ms behind its first, and got
// so many before. A sample may itself be late, by less than half of its interval, without one being missing.
func missedSamples(elapsed int64, got int) int {
	return int((elapsed+watchInterval/2)/watchInterval) - got
}
