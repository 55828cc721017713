package fsops

import (
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
// only those who lock; other programs write as they like.
func Lock(paths ...string) (unlock func()) {
	paths = slices.Clone(paths)
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
