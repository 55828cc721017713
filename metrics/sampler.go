package metrics

import (
	"fmt"
	"time"
)

// Config says where to measure. The zero value measures this process's
// machine and container, and the file system of its working directory.
type Config struct {
	Root string // of the file system that holds /proc and /sys; for tests
	Dir  string // whose file system is measured
}

// Sampler reads counters. It is for one goroutine at a time.
type Sampler struct {
	config Config
	born   time.Time
	host   host
	groups groups
}

// New returns a Sampler that knows where the counters are.
func New(config Config) *Sampler {
	if config.Dir == "" {
		config.Dir = "."
	}
	return &Sampler{config: config, born: time.Now(), host: newHost(config.Root), groups: findGroups(config.Root)}
}

// Read takes a reading at the time now. It fails where this platform does not
// tell how much memory or how many processors there are.
func (s *Sampler) Read(now time.Time) (Reading, error) {
	r := Reading{sample: Sample{Time: now, Uptime: max(now.Sub(s.born), 0)}}
	if err := s.host.read(&r); err != nil {
		return r, fmt.Errorf("read counters: %w", err)
	}
	r.sample.DiskTotal, r.sample.DiskUsed = diskOf(s.config.Dir)
	r.sample.Resources = r.sample.Host
	s.groups.read(&r)
	return r, nil
}
