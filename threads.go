package main

import (
	"runtime"
	"sync"
)

// spareThreads is how many threads the daemon has from its start: as many as
// it ever needs at once for what blocks in the system, by measurement some ten
// with 500 commands, and for more to spare.
const spareThreads = 12

// makeThreads makes the threads that the runtime would make when it needs
// them, while it can: the runtime ends the program where the system refuses it
// one, which is so as soon as what runs in the sandbox has used up the limit of
// processes. The runtime never gives back a thread that has nothing to do.
func makeThreads(n int) {
	var all, made sync.WaitGroup
	made.Add(n)
	for range n {
		all.Go(func() {
			runtime.LockOSThread() // so that each needs a thread of its own
			defer runtime.UnlockOSThread()
			made.Done()
			made.Wait()
		})
	}
	all.Wait()
}
