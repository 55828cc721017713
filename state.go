package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"execd/fsops"
)

// stateName is how the directories of running daemons are called, and
// draftsName the journal in them of what is written elsewhere.
const (
	stateName  = "execd-*"
	draftsName = "drafts"
)

// settling is how young a directory may be and still be without the lock of
// its daemon, which is only starting.
const settling = time.Minute

// sweepPatience is how long the end waits for what is swept.
const sweepPatience = time.Second

// state is the daemon's private directory. A lock on it says that the daemon
// lives; what a killed one has left behind is swept by the next.
type state struct {
	dir  string
	lock *os.File
	left fsops.Inherited // drafts of daemons that are gone

	swept chan struct{} // closed when those are
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
	if err := fsops.KeepJournal(filepath.Join(dir, draftsName)); err != nil {
		_ = lock.Close()
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	s := &state{dir: dir, lock: lock, swept: make(chan struct{})}
	s.sweep(base)
	return s, nil
}

// close removes the directory, but for the journal of what could not be
// removed elsewhere: the next daemon tries again.
func (s *state) close() error {
	defer func() { _ = s.lock.Close() }() // releases the lock
	select {
	case <-s.swept:
	case <-time.After(sweepPatience):
	}
	if err := os.Remove(filepath.Join(s.dir, draftsName)); !errors.Is(err, fs.ErrExist) { // which is ENOTEMPTY too
		return os.RemoveAll(s.dir)
	}
	entries, err := os.ReadDir(s.dir)
	for _, e := range entries {
		if e.Name() != draftsName {
			err = errors.Join(err, os.RemoveAll(filepath.Join(s.dir, e.Name())))
		}
	}
	return err
}

// sweepDrafts removes what daemons that were killed have left behind beside
// what they wrote. That may be a large tree, or on a disk that does not
// answer, so nobody waits for it, but for a moment at the end of the process:
// what is left then is left to the next.
func (s *state) sweepDrafts(log zerolog.Logger) {
	defer close(s.swept)
	swept, err := s.left.Sweep()
	for _, path := range swept {
		log.Info().Str("path", path).Msg("removed what a killed daemon had not finished")
	}
	if err != nil {
		log.Warn().Err(err).Msg("what a killed daemon had not finished is left behind")
	}
}

func (s *state) sweep(base string) {
	found, err := filepath.Glob(filepath.Join(base, stateName))
	if err != nil {
		return // the pattern is constant
	}
	for _, dir := range found {
		if abandoned(dir) {
			s.left.Inherit(filepath.Join(dir, draftsName))
			_ = os.RemoveAll(dir) // another user's, perhaps: then it is theirs to sweep
		}
	}
}

// isStateName reports whether a directory is called as os.MkdirTemp does it:
// others could be anybody's.
func isStateName(dir string) bool {
	random := strings.TrimPrefix(filepath.Base(dir), strings.TrimSuffix(stateName, "*"))
	return random != "" && strings.Trim(random, "0123456789") == ""
}

func abandoned(dir string) bool {
	if !isStateName(dir) {
		return false
	}
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() || !ours(info) {
		return false
	}
	// With a journal it was locked once; without, its age has to tell.
	_, err = os.Lstat(filepath.Join(dir, draftsName))
	if age := time.Since(info.ModTime()); err != nil && age < settling && age > -settling {
		return false
	}
	f, err := os.Open(dir)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	return tryLock(f)
}
