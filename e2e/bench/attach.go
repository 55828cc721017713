package main

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// attachReaders is how many readers attachedReaders has.
const attachReaders = 5000

// smallBuffer is enough for a reader that gets little.
const smallBuffer = 1 << 10

var attachedReaders = row{
	name:   "attached readers (5,000; quick: 1,000), memory each",
	unit:   "KiB",
	target: target{bound: 22},
	run: func(b *bench) (result, error) {
		n := b.few(attachReaders, attachReaders/5)
		if have := openFiles(); have < n+100 {
			return result{}, skip("only %d files may be open; %d readers need more", have, n)
		}
		// Not the one of other rows, which has memory left from those to use again.
		return idling(func(b *bench, s *server) (result, error) { return b.attached(s, n) })(b)
	},
}

// attached measures how much n readers of a silent command add to the memory of s, after each has got pings, and
// checks that each gets the end.
func (b *bench) attached(s *server, n int) (result, error) {
	before, err := residentMemory(s.pid())
	if err != nil {
		return result{}, err
	}
	src, err := b.gatedCommand(s, "echo over")
	if err != nil {
		return result{}, err
	}
	conns, err := attachMany(src.addr, src.path, n, smallBuffer)
	if err != nil {
		return result{}, err
	}
	defer closeAll(conns)
	pings := b.few(2, 1)
	var pinged, ended sync.WaitGroup
	pinged.Add(n)
	errs := make([]error, n)
	for i, c := range conns {
		c.until(time.Now().Add(patience))
		ended.Go(func() { errs[i] = readSilent(c, pings, pinged.Done) })
	}
	pinged.Wait()
	after, err := residentMemory(s.pid())
	err = errors.Join(err, src.open())
	ended.Wait()
	err = errors.Join(err, src.end())
	lost := 0
	for _, e := range errs {
		if e != nil {
			lost++
		}
	}
	if lost > 0 {
		err = errors.Join(err, fmt.Errorf("%d of %d readers were dropped; one: %w", lost, n, firstOf(errs)))
	}
	return alone((after - before) / 1024 / float64(n)), err
}

// readSilent reads to the end, and calls pinged once: after so many pings, or when it fails before.
func readSilent(c *connection, pings int, pinged func()) error {
	var seq sequence
	said := false
	say := func() {
		if !said {
			said = true
			pinged()
		}
	}
	defer say()
	heard := false
	err := c.toCompletion(func(f frame) error {
		heard = heard || f.is("stdout")
		err := seq.add(f)
		if seq.pings == pings {
			say()
		}
		return err
	})
	if err == nil && (seq.pings < pings || !heard) {
		err = fmt.Errorf("a reader got %d pings, and the output: %v", seq.pings, heard)
	}
	return err
}
