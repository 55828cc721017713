package fsops

import (
	"path/filepath"
	"slices"
	"sync"
)

// locks are the paths somebody holds.
//
//nolint:gochecknoglobals // there is one tree of files
var locks = struct {
	sync.Mutex
	held map[string]*pathLock
}{held: map[string]*pathLock{}}

type pathLock struct {
	sync.Mutex
	users int
}

// Lock keeps other holders from the paths until unlock is called. It binds
// only those who lock; other programs write as they like. All names by which
// symlinks lead to a file are one. Who holds a lock asks for no other.
func Lock(paths ...string) (unlock func()) {
	paths = slices.Clone(paths)
	for i := range paths {
		paths[i] = resolve(paths[i])
	}
	slices.Sort(paths) // in one order, so that nobody waits in a circle
	paths = slices.Compact(paths)
	for _, path := range paths {
		locks.Lock()
		l := locks.held[path]
		if l == nil {
			l = &pathLock{}
			locks.held[path] = l
		}
		l.users++
		locks.Unlock()
		l.Lock()
	}
	return func() {
		locks.Lock()
		defer locks.Unlock()
		for _, path := range paths {
			l := locks.held[path]
			l.Unlock()
			l.users--
			if l.users == 0 {
				delete(locks.held, path)
			}
		}
	}
}

// resolve follows the symlinks in as much of a path as there is.
func resolve(path string) string {
	for at, rest := path, ""; ; at, rest = filepath.Dir(at), filepath.Join(filepath.Base(at), rest) {
		if found, err := filepath.EvalSymlinks(at); err == nil {
			return filepath.Join(found, rest)
		}
		if filepath.Dir(at) == at {
			return path
		}
	}
}
