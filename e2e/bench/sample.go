package main

import (
	"math"
	"slices"
	"time"
)

// samples are measurements of one thing, in the unit of their row.
type samples []float64

// summary is what is reported of samples.
type summary struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	N   int     `json:"n"`
}

func (s samples) summary() summary {
	sorted := slices.Sorted(slices.Values(s))
	return summary{P50: percentile(sorted, 50), P99: percentile(sorted, 99), N: len(sorted)}
}

// percentile is by nearest rank: always a value that was measured.
func percentile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[max(rank, 1)-1]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// probe takes one measurement, in the unit of its row.
type probe func() (float64, error)

// timed is a probe of how many milliseconds do takes.
func timed(do func() error) probe {
	return func() (float64, error) {
		start := time.Now()
		err := do()
		return milliseconds(time.Since(start)), err
	}
}

// inTurns measures value and floor in small batches that alternate, each leading every other time, after one batch of
// each that is not counted where there are many. The ratio is the median of those of neighbours, which had the same
// machine: one that gets busy in between changes both medians, and their quotient with them.
func inTurns(batches, size int, value, floor probe) (result, error) {
	var values, floors samples
	var err error
	batch := func(p probe, into *samples) {
		for i := 0; i < size && err == nil; i++ {
			var v float64
			if v, err = p(); err == nil && into != nil {
				*into = append(*into, v)
			}
		}
	}
	if batches > 1 {
		batch(value, nil)
		batch(floor, nil)
	}
	for i := range batches {
		if i%2 == 0 {
			batch(value, &values)
			batch(floor, &floors)
		} else {
			batch(floor, &floors)
			batch(value, &values)
		}
	}
	r := with(values, floors)
	var ratios samples
	for i := 0; i+size <= min(len(values), len(floors)); i += size {
		if f := floors[i : i+size].summary().P50; f > 0 {
			ratios = append(ratios, values[i:i+size].summary().P50/f)
		}
	}
	r.paired = ratios.summary().P50
	return r, err
}
