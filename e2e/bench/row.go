package main

import (
	"errors"
	"fmt"
)

// row is one measurement.
type row struct {
	name   string
	unit   string
	target target
	run    func(*bench) (result, error)
}

// rows are what bench measures, in this order: the quiet ones first, as the daemon of the later ones has a past.
var rows = []row{
	readyTime, idleMemory, idleGoroutines, idleCPU, metricsLatency,
	watchMemory, watchDelay, watchCPU,
	commandLatency, firstEvent, commandRate, writeDelay,
	lineRate, fanOut, pingRate, attachedReaders,
	cellLatency, cellLatencySlow, printedLines, printedWhole, serverLatency,
	contextCold, contextWarm, contextWarmPlaced, contextsAtOnce, contextMemory, crossTalk,
	downloadRate, uploadRate, transferMemory, infoRate, searchFew, searchAll,
	sessionRun, sessionTail, sessionLineRate, byteRate, keystrokeEcho, idleSessions,
}

// result is what a row has measured. Floor is nil where the machine sets none.
type result struct {
	Value summary  `json:"value"`
	Floor *summary `json:"floor,omitempty"`

	paired float64 // value / floor of measurements that were neighbours, where there are such
}

// with is a result of values and their floors.
func with(value, floor samples) result {
	f := floor.summary()
	return result{Value: value.summary(), Floor: &f}
}

// alone is a result of a single value without a floor.
func alone(value float64) result { return result{Value: summary{P50: value, P99: value, N: 1}} }

// errSkip says why a row cannot be measured here; it is not the daemon's fault.
var errSkip = errors.New("skipped")

func skip(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errSkip, fmt.Sprintf(format, args...))
}

// target is what a row must reach.
type target struct {
	bound  float64
	least  bool // at least, not at most
	times  bool // the bound is of value / floor
	slow99 bool // of the 99th percentile, not of the median
}

func (t target) String() string {
	sign, of := "<=", ""
	if t.least {
		sign = ">="
	}
	if t.times {
		of = " x floor"
	}
	if t.slow99 {
		of += " (p99)"
	}
	return fmt.Sprintf("%s %s%s", sign, number(t.bound), of)
}

// figure is the one of a summary that the target is about.
func (t target) figure(s summary) float64 {
	if t.slow99 {
		return s.P99
	}
	return s.P50
}

// ratio is value / floor, 0 where there is no floor.
func (t target) ratio(r result) float64 {
	if r.paired > 0 {
		return r.paired
	}
	if r.Floor == nil || t.figure(*r.Floor) == 0 {
		return 0
	}
	return t.figure(r.Value) / t.figure(*r.Floor)
}

func (t target) met(r result) bool {
	got := t.figure(r.Value)
	if t.times {
		got = t.ratio(r)
	}
	if t.least {
		return got >= t.bound
	}
	return got <= t.bound
}
