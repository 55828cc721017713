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

// New returns a Sampler. It finds out where the counters are; it fails where
// this platform does not tell how much memory there is.
func New(config Config) (*Sampler, error) {
	if config.Dir == "" {
		config.Dir = "."
	}
	s := &Sampler{config: config, born: time.Now()}
	s.host = newHost(config.Root)
	s.groups = findGroups(config.Root)
	if _, err := s.Read(s.born); err != nil {
		return nil, err
	}
	return s, nil
}

// Read takes a reading at the time now.
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
