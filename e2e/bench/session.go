package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"strconv"
	"sync"
	"time"
)

// newSession makes a bash session and returns the path of its runs.
func (c *connection) newSession() (string, error) {
	if _, err := c.ask(http.MethodPost, "/session", "{}"); err != nil {
		return "", err
	}
	body, err := c.whole()
	if err != nil {
		return "", err
	}
	var s struct {
		ID string `json:"session_id"`
	}
	if err := json.Unmarshal(body, &s); err != nil || s.ID == "" {
		return "", fmt.Errorf("make session: %q is no session", body)
	}
	return "/session/" + s.ID + "/run", nil
}

// inSession has measure use a session, which is left to the daemon's end.
func inSession(measure func(b *bench, c *connection, path string) (result, error)) func(*bench) (result, error) {
	return func(b *bench) (result, error) {
		c, err := dial(b.daemon.addr)
		if err != nil {
			return result{}, err
		}
		defer c.close()
		path, err := c.newSession()
		if err != nil {
			return result{}, err
		}
		return measure(b, c, path)
	}
}

// runNothing is a probe of a run that does nothing.
func runNothing(c *connection, path string) probe {
	body := command(":")
	return timed(func() error { return c.stream(http.MethodPost, path, body, ignore) })
}

var sessionRun = row{
	name:   "session run of :",
	unit:   "ms",
	target: target{bound: 0.2, times: true},
	run: inSession(func(b *bench, c *connection, path string) (result, error) {
		fresh := timed(func() error {
			if err := exec.Command("bash", "-c", ":").Run(); err != nil {
				return fmt.Errorf("run bash: %w", err)
			}
			return nil
		})
		return inTurns(b.few(100, 20), 10, runNothing(c, path), fresh)
	}),
}

var sessionTail = row{
	name:   "session run of :, slowest 1 % against the median",
	unit:   "ms",
	target: target{bound: 3, times: true, slow99: true},
	run: inSession(func(b *bench, c *connection, path string) (result, error) {
		nothing := runNothing(c, path)
		var values samples
		for range b.few(5000, 500) {
			took, err := nothing()
			if err != nil {
				return result{}, err
			}
			values = append(values, took)
		}
		value := values.summary()
		return result{Value: value, Floor: &summary{P50: value.P50, P99: value.P50, N: value.N}}, nil
	}),
}

var sessionLineRate = row{
	name:   "200,000 lines of a session run to one reader",
	unit:   "events/s",
	target: target{bound: 1_000_000, least: true},
	run: inSession(func(b *bench, c *connection, path string) (result, error) {
		floor, err := dial(b.floor.addr)
		if err != nil {
			return result{}, err
		}
		defer floor.close()
		count := strconv.Itoa(lineCount)
		return inTurns(b.few(20, 5), 1,
			func() (float64, error) { return streamedLines(c, path, command("seq "+count)) },
			func() (float64, error) { return streamedLines(floor, "/lines?n="+count, "{}") })
	}),
}

// idleSessionCount is how many sessions idleSessions has.
const idleSessionCount = 1000

var idleSessions = row{
	name:   "idle sessions (1,000; quick: 200), memory each",
	unit:   "KiB",
	target: target{bound: 60},
	run: idling(func(b *bench, s *server) (result, error) {
		before, err := residentMemory(s.pid())
		if err != nil {
			return result{}, err
		}
		n := b.few(idleSessionCount, idleSessionCount/5)
		if err := makeSessions(s.addr, n); err != nil {
			return result{}, err
		}
		time.Sleep(settleTime)
		after, err := residentMemory(s.pid())
		return alone((after - before) / 1024 / float64(n)), err
	}),
}

// makeSessions makes so many sessions, each of which has run something.
func makeSessions(addr string, n int) error {
	const workers = 8
	conns, err := dialMany(addr, workers)
	if err != nil {
		return err
	}
	defer closeAll(conns)
	errs := make([]error, workers)
	var all sync.WaitGroup
	for w, c := range conns {
		all.Go(func() {
			for i := w; i < n && errs[w] == nil; i += workers {
				var path string
				if path, errs[w] = c.newSession(); errs[w] == nil {
					errs[w] = c.stream(http.MethodPost, path, command("x=1"), ignore)
				}
			}
		})
	}
	all.Wait()
	return firstOf(errs)
}
