package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// The size of fanOut.
const (
	fanReaders = 1000
	fanEvents  = 10_000
)

var fanOut = row{
	name:   "one log, 1,000 readers, 10,000 events",
	unit:   "deliveries/s",
	target: target{bound: 1_500_000, least: true},
	run: func(b *bench) (result, error) {
		value := func() (float64, error) { return b.fan(fanReaders, b.startGated) }
		floor := func() (float64, error) { return b.fan(fanReaders, b.startFloorGated) }
		return inTurns(b.few(5, 1), 1, value, floor)
	},
}

// gated is a source of events that begins when it is told to.
type gated struct {
	addr, path string
	open       func() error
	end        func() error // returns once it has ended
}

// fan attaches readers to a source, lets it go, and returns how many events a second all readers got together.
func (b *bench) fan(readers int, start func() (gated, error)) (float64, error) {
	if have := openFiles(); have < readers+100 {
		return 0, skip("only %d files may be open; %d readers need more", have, readers)
	}
	src, err := start()
	if err != nil {
		return 0, err
	}
	conns, err := attachMany(src.addr, src.path, readers, readBuffer/2)
	if err != nil {
		return 0, err
	}
	defer closeAll(conns)
	errs := make([]error, readers)
	var all sync.WaitGroup
	began := time.Now()
	for i, c := range conns {
		c.until(began.Add(patience))
		all.Go(func() { errs[i] = readAll(c) })
	}
	if err := src.open(); err != nil {
		return 0, err
	}
	all.Wait()
	took := time.Since(began)
	if err := errors.Join(firstOf(errs), src.end()); err != nil {
		return 0, err
	}
	return float64(readers) * fanEvents / took.Seconds(), nil
}

// attachMany opens so many streams. Their heads have come, so they are attached.
func attachMany(addr, path string, n, buffer int) ([]*connection, error) {
	conns := make([]*connection, n)
	errs := make([]error, n)
	const dialers = 32
	var all sync.WaitGroup
	for w := range dialers {
		all.Go(func() {
			for i := w; i < n && errs[w] == nil; i += dialers {
				if conns[i], errs[w] = dialSize(addr, buffer); errs[w] == nil {
					_, errs[w] = conns[i].ask(http.MethodGet, path, "")
				}
			}
		})
	}
	all.Wait()
	if err := firstOf(errs); err != nil {
		for _, c := range conns {
			if c != nil {
				c.close()
			}
		}
		return nil, fmt.Errorf("attach %d readers: %w", n, err)
	}
	return conns, nil
}

// readAll reads a stream to its end and checks that it has every event, once and in order.
func readAll(c *connection) error {
	var seq sequence
	lines := 0
	err := c.toCompletion(func(f frame) error {
		if f.is("stdout") {
			lines++
		}
		return seq.add(f)
	})
	if err == nil && lines != fanEvents {
		err = fmt.Errorf("a reader got %d of %d events", lines, fanEvents)
	}
	return err
}

// startGated starts a command that counts once it is told to.
func (b *bench) startGated() (gated, error) {
	return b.gatedCommand(b.daemon, "seq "+strconv.Itoa(fanEvents))
}

// gatedCommand starts a command that waits at a FIFO before it goes on with script.
func (b *bench) gatedCommand(s *server, script string) (gated, error) {
	dir, err := os.MkdirTemp(b.dir, "g")
	if err != nil {
		return gated{}, fmt.Errorf("make directory: %w", err)
	}
	fifo := filepath.Join(dir, "gate")
	if err := makeFIFO(fifo); err != nil {
		return gated{}, fmt.Errorf("make gate: %w", err)
	}
	c, err := dial(s.addr)
	if err != nil {
		return gated{}, err
	}
	r, err := c.ask(http.MethodPost, "/command", command("read -r go <'"+fifo+"'; "+script))
	if err != nil {
		c.close()
		return gated{}, err
	}
	ended := make(chan error, 1)
	go func() {
		defer c.close()
		ended <- c.toCompletion(ignore)
	}()
	return gated{
		addr: s.addr, path: "/executions/" + r.execution + "/events",
		open: func() error { return os.WriteFile(fifo, []byte("go\n"), 0o600) },
		end:  func() error { return <-ended },
	}, nil
}

// startFloorGated is the same by the helper, which has the frames ready and writes them.
func (b *bench) startFloorGated() (gated, error) {
	return gated{
		addr: b.floor.addr, path: "/frames?n=" + strconv.Itoa(fanEvents),
		open: func() error {
			c, err := dial(b.floor.addr)
			if err != nil {
				return err
			}
			defer c.close()
			_, err = c.ask(http.MethodPost, "/go", "{}")
			return err
		},
		end: func() error { return nil },
	}, nil
}
