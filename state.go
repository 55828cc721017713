package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// stateName is how the directories of running daemons are called.
const stateName = "execd-*"

// settling is how young a directory may be and still be without the lock of
// its daemon, which is only starting.
const settling = time.Minute

// state is the daemon's private directory. A lock on it says that the daemon
// lives; what a killed one has left behind is swept by the next.
type state struct {
	dir  string
	lock *os.File
}

// openState makes a directory in base, or in the system's temporary directory
// when base is empty, and removes those of daemons that are gone.
func openState(base string) (*state, error) {
	if base == "" {
		base = os.TempDir()
	}
	if err := os.MkdirAll(base, 0o755); err != nil {
		return nil, fmt.Errorf("make state directory: %w", err)
	}
	sweep(base)
	dir, err := os.MkdirTemp(base, stateName)
	if err != nil {
		return nil, fmt.Errorf("make state directory: %w", err)
	}
	lock, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("open state directory: %w", err)
	}
	if !tryLock(lock) {
		_ = lock.Close()
		return nil, fmt.Errorf("lock state directory %s: it is taken", dir)
	}
	return &state{dir: dir, lock: lock}, nil
}

// close removes the directory.
func (s *state) close() error {
	err := os.RemoveAll(s.dir)
	_ = s.lock.Close() // releases the lock
	return err
}

func sweep(base string) {
	found, err := filepath.Glob(filepath.Join(base, stateName))
	if err != nil {
		return // the pattern is constant
	}
	for _, dir := range found {
		if abandoned(dir) {
			_ = os.RemoveAll(dir) // another user's, perhaps: then it is theirs to sweep
		}
	}
}

func abandoned(dir string) bool {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() || !ours(info) || time.Since(info.ModTime()) < settling {
		return false
	}
	f, err := os.Open(dir)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	return tryLock(f)
}
