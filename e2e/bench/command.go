package main

import (
	"fmt"
	"net/http"
	"os/exec"
	"sync"
	"time"
)

// bare is the floor of a command: what any program must do that runs one.
func bare() error {
	if err := exec.Command("bash", "-c", "true").Run(); err != nil {
		return fmt.Errorf("run bash: %w", err)
	}
	return nil
}

func command(script string) string { return `{"command":` + jsonString(script) + `}` }

func ignore(frame) error { return nil }

var commandLatency = row{
	name:   "POST /command true, one connection",
	unit:   "ms",
	target: target{bound: 1.5, times: true},
	run: func(b *bench) (result, error) {
		c, err := dial(b.daemon.addr)
		if err != nil {
			return result{}, err
		}
		defer c.close()
		body := command("true")
		value := timed(func() error { return c.stream(http.MethodPost, "/command", body, ignore) })
		return inTurns(b.few(100, 20), 10, value, timed(bare))
	},
}

var firstEvent = row{
	name:   "first stdout event of echo hi",
	unit:   "ms",
	target: target{bound: 1.5, times: true},
	run: func(b *bench) (result, error) {
		c, err := dial(b.daemon.addr)
		if err != nil {
			return result{}, err
		}
		defer c.close()
		body := command("echo hi")
		value := func() (float64, error) {
			var first time.Time
			start := time.Now()
			err := c.stream(http.MethodPost, "/command", body, func(f frame) error {
				if first.IsZero() && f.is("stdout") {
					first = time.Now()
				}
				return nil
			})
			if err == nil && first.IsZero() {
				err = fmt.Errorf("echo hi printed nothing")
			}
			return milliseconds(first.Sub(start)), err
		}
		return inTurns(b.few(100, 20), 10, value, timed(bare))
	},
}

// rateConnections is the concurrency of commandRate.
const rateConnections = 32

var commandRate = row{
	name:   "commands per second, 32 connections",
	unit:   "/s",
	target: target{bound: 0.8, least: true, times: true},
	run: func(b *bench) (result, error) {
		conns, err := dialMany(b.daemon.addr, rateConnections)
		if err != nil {
			return result{}, err
		}
		defer closeAll(conns)
		body := command("true")
		each := b.few(24, 10)
		value := rate(rateConnections, each, func(i int) error { return conns[i].stream(http.MethodPost, "/command", body, ignore) })
		floor := rate(rateConnections, each, func(int) error { return bare() })
		return inTurns(b.few(10, 3), 1, value, floor)
	},
}

// rate is a probe of how often a second do is done, by so many workers, each as often as each says.
func rate(workers, each int, do func(worker int) error) probe {
	return func() (float64, error) {
		errs := make([]error, workers)
		var all sync.WaitGroup
		start := time.Now()
		for w := range workers {
			all.Go(func() {
				for i := 0; i < each && errs[w] == nil; i++ {
					errs[w] = do(w)
				}
			})
		}
		all.Wait()
		return float64(workers*each) / time.Since(start).Seconds(), firstOf(errs)
	}
}

func firstOf(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func dialMany(addr string, n int) ([]*connection, error) {
	conns := make([]*connection, 0, n)
	for range n {
		c, err := dial(addr)
		if err != nil {
			closeAll(conns)
			return nil, err
		}
		conns = append(conns, c)
	}
	return conns, nil
}

func closeAll(conns []*connection) {
	for _, c := range conns {
		c.close()
	}
}
