package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// bench is what the rows share.
type bench struct {
	options
	self  string // this program, to start helpers
	dir   string // everything that is written is below it
	about about

	daemon *server // the execd that most rows measure
	floor  *server // the helper that answers as a bare server does

	watchOnce sync.Once // see watched
	watch     watched
	watchErr  error

	mu       sync.Mutex
	children []*server
}

// newBench starts the execd to measure and the helper for the floors.
func newBench(o options) (*bench, error) {
	if _, err := os.Stat(o.execd); err != nil {
		return nil, fmt.Errorf("find execd: %w; make build makes it", err)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	dir, err := os.MkdirTemp("", "execd-bench-")
	if err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	b := &bench{options: o, self: self, dir: dir}
	b.about = aboutThis(o)
	if b.daemon, err = b.startExecd(); err == nil {
		b.floor, err = b.startFloor()
	}
	if err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

// close ends what was started and removes what was written.
func (b *bench) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.children {
		s.stop()
	}
	b.children = nil
	_ = os.RemoveAll(b.dir)
}

// few is less where bench is to be quick.
func (b *bench) few(many, few int) int {
	if b.quick {
		return few
	}
	return many
}

// measure runs the rows, and tells each as soon as it is known.
func (b *bench) measure(rows []row) []record {
	var records []record
	for _, r := range rows {
		if b.only != nil && !b.only.MatchString(r.name) {
			continue
		}
		start := time.Now()
		stopProfile := b.startProfile(r.name)
		got, err := r.run(b)
		stopProfile()
		rec := record{Name: r.name, Unit: r.unit, Target: r.target.String(), Took: time.Since(start).Seconds()}
		switch {
		case errors.Is(err, errSkip):
			rec.Skipped = err.Error()
		case err != nil:
			rec.Problem = err.Error()
		default:
			rec.result, rec.Ratio, rec.Met = &got, r.target.ratio(got), r.target.met(got)
		}
		fmt.Fprintf(os.Stderr, "%s\n", rec.line())
		records = append(records, rec)
	}
	return records
}

// profileSeconds is how long a row is profiled: as long as most of them run.
const profileSeconds = 3

// startProfile writes a CPU profile of the daemon while a row runs, where that was asked for.
func (b *bench) startProfile(name string) (wait func()) {
	if b.profile == "" {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := b.saveProfile(filepath.Join(b.profile, fileName(name)+".pprof")); err != nil {
			fmt.Fprintf(os.Stderr, "bench: profile %s: %v\n", name, err)
		}
	}()
	return func() { <-done }
}

func (b *bench) saveProfile(path string) error {
	c, err := dial(b.daemon.addr)
	if err != nil {
		return err
	}
	defer c.close()
	body, err := c.get(fmt.Sprintf("/debug/pprof/profile?seconds=%d", profileSeconds))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(b.profile, 0o755); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	if err := os.WriteFile(path, body, 0o600); err != nil {
		return fmt.Errorf("write profile: %w", err)
	}
	return nil
}

// fileName is a name with nothing in it that a path could misunderstand.
func fileName(name string) string {
	b := []byte(name)
	for i, c := range b {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			b[i] = '-'
		}
	}
	return string(b)
}
