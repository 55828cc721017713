package main

import (
	"bytes"
	"errors"
	"fmt"
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
	var counting atomic.Bool // not before all have come
	var all sync.WaitGroup
	errs, delays := make([]error, n), make([]samples, n)
	for i, c := range conns {
		c.until(time.Now().Add(patience))
		all.Go(func() { delays[i], errs[i] = watchSamples(c, ticks, &counting) })
	}
	cpu, err := cpuTime(s.pid())
	began := time.Now()
	counting.Store(true)
	all.Wait()
	took := time.Since(began)
	if err == nil {
		err = firstOf(errs)
	}
	if err != nil {
		return watched{}, err
	}
	w := watched{}
	after, err := residentMemory(s.pid())
	if err != nil {
		return w, err
	}
	cpuAfter, err := cpuTime(s.pid())
	w.memory = (after - before) / 1024 / float64(n)
	w.cpu = 100 * float64(cpuAfter-cpu) / float64(took)
	for _, d := range delays {
		w.delays = append(w.delays, d...)
	}
	return w, err
}

var timestampField = []byte(`"timestamp":`)

// longestGap is less than two intervals between samples, and more than one that comes late.
const longestGap = 1500 * time.Millisecond

// errWatched says that a reader has seen enough.
var errWatched = errors.New("enough samples")

// watchSamples reads so many samples, and tells how late each was.
func watchSamples(c *connection, ticks int, counting *atomic.Bool) (samples, error) {
	delays := make(samples, 0, ticks)
	last := int64(0)
	err := c.frames(func(f frame) error {
		now := time.Now().UnixMicro()
		at := bytes.Index(f, timestampField)
		if at < 0 {
			return fmt.Errorf("no sample: %q", f)
		}
		rest := f[at+len(timestampField):]
		taken, err := strconv.ParseInt(string(rest[:max(bytes.IndexAny(rest, ",}"), 0)]), 10, 64)
		if err != nil {
			return fmt.Errorf("read time of a sample: %w", err)
		}
		if !counting.Load() {
			return nil
		}
		if gap := time.Duration(taken-last) * time.Millisecond; last > 0 && gap > longestGap {
			return fmt.Errorf("a reader has missed samples for %v", gap)
		}
		if last > 0 { // the first may have been on its way for a while
			delays = append(delays, float64(now)/1000-float64(taken))
		}
		last = taken
		if len(delays) == ticks {
			return errWatched
		}
		return nil
	})
	if !errors.Is(err, errWatched) {
		return nil, fmt.Errorf("watch metrics: %w", err)
	}
	return delays, nil
}
