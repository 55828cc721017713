package main

import (
	"time"
)

// settleTime is how long a daemon has to come to rest after its start.
const settleTime = time.Second

// idling measures an execd that was just started and asked for nothing.
func idling(measure func(*bench, *server) (result, error)) func(*bench) (result, error) {
	return func(b *bench) (result, error) {
		s, err := b.startExecd()
		if err != nil {
			return result{}, err
		}
		defer s.stop()
		time.Sleep(settleTime)
		return measure(b, s)
	}
}

var idleMemory = row{
	name:   "idle: resident memory",
	unit:   "MiB",
	target: target{bound: 25},
	run: idling(func(_ *bench, s *server) (result, error) {
		bytes, err := residentMemory(s.pid())
		return alone(bytes / (1 << 20)), err
	}),
}

var idleGoroutines = row{
	name:   "idle: goroutines",
	unit:   "count",
	target: target{bound: 20},
	run: idling(func(_ *bench, s *server) (result, error) {
		n, err := s.goroutines()
		return alone(float64(n)), err
	}),
}

var idleCPU = row{
	name:   "idle: share of a core",
	unit:   "%",
	target: target{bound: 0.5},
	run: idling(func(b *bench, s *server) (result, error) {
		window := time.Duration(b.few(10, 3)) * time.Second
		before, err := cpuTime(s.pid())
		if err != nil {
			return result{}, err
		}
		time.Sleep(window)
		after, err := cpuTime(s.pid())
		return alone(100 * float64(after-before) / float64(window)), err
	}),
}
