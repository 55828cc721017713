package event

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// Limits bound what logs may hold. A zero field takes its default.
type Limits struct {
	MemoryPerLog int64         // bytes in memory before a log spills its oldest part to files
	MemoryTotal  int64         // bytes in memory of all logs together before every log spills
	DiskPerLog   int64         // bytes in files before a log evicts its oldest part
	DiskTotal    int64         // bytes in files of all logs together, likewise
	Pace         time.Duration // how long, in all, a paced log waits for its owner to read before it evicts
}

// A log of 1 MiB holds some 10,000 lines: what most executions print never
// reaches the disk, and hundreds of talkative ones fit in MemoryTotal.
const (
	defaultMemoryPerLog = 1 << 20
	defaultMemoryTotal  = 64 << 20
	defaultDiskPerLog   = 1 << 30
	defaultDiskTotal    = 8 << 30
	defaultPace         = 30 * time.Second
)

func (l Limits) withDefaults() Limits {
	set(&l.MemoryPerLog, defaultMemoryPerLog)
	set(&l.MemoryTotal, defaultMemoryTotal)
	set(&l.DiskPerLog, defaultDiskPerLog)
	set(&l.DiskTotal, defaultDiskTotal)
	set(&l.Pace, defaultPace)
	return l
}

func set[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Store is what all logs of a daemon share: the directory of their files and
// the budgets. All methods may be called from any goroutine.
type Store struct {
	dir    string
	limits Limits
	extent int64       // size of a file
	failed func(error) // told of the first write that fails, of each log
	cooler cooler

	memory  atomic.Int64
	disk    atomic.Int64
	evicted atomic.Int64
	readers atomic.Int64
}

// NewStore returns a store that keeps its files in dir, which it creates when
// the first log spills. Failed, which may be nil, is told why a log could not
// write to its files, once for each log; such a log evicts instead.
func NewStore(dir string, limits Limits, failed func(error)) *Store {
	if failed == nil {
		failed = func(error) {}
	}
	limits = limits.withDefaults()
	return &Store{dir: dir, limits: limits, extent: limits.extentSize(), failed: failed}
}

// Usage is what the logs of a store hold now.
type Usage struct {
	Memory  int64 // bytes in memory
	Disk    int64 // bytes in files
	Evicted int64 // bytes evicted since the start
	Readers int64 // open cursors
}

// Usage returns what the logs hold.
func (s *Store) Usage() Usage {
	return Usage{Memory: s.memory.Load(), Disk: s.disk.Load(), Evicted: s.evicted.Load(), Readers: s.readers.Load()}
}

// OverBudget reports whether the logs together exceed their limits, so that
// ended executions should go.
func (s *Store) OverBudget() bool {
	return s.memory.Load() > s.limits.MemoryTotal || s.disk.Load() > s.limits.DiskTotal
}

// Crowded reports whether the memory is three quarters full, so that ended
// logs should move to their files.
func (s *Store) Crowded() bool { return s.memory.Load() > s.limits.MemoryTotal/4*3 }

// create makes the file of an extent, private to the daemon's user.
func (s *Store) create(name string) (*os.File, error) {
	path := filepath.Join(s.dir, name)
	open := func() (*os.File, error) {
		return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	}
	f, err := open()
	if os.IsNotExist(err) {
		if err := os.MkdirAll(s.dir, 0o700); err != nil {
			return nil, fmt.Errorf("create log directory: %w", err)
		}
		f, err = open()
	}
	if err != nil {
		return nil, fmt.Errorf("create log file: %w", err)
	}
	return f, nil
}
