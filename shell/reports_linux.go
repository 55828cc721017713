package shell

import (
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// reports is the pipe by which a shell tells what becomes of its runs. Somebody
// watches it, who is woken for each report; or nobody does, after a look, until
// the next run lasts or is looked for.
type reports struct {
	inlet *os.File // the end that the shell opens to tell
	parse func([]byte) (ended *Underway, exit Exit)
	wants func() bool // somebody waits for a report

	reading sync.Mutex // one takes what has come, in its order
	fd      int        // -1 when closed

	mu      sync.Mutex
	spare   int      // of the same pipe, for the next who watches; -1 while somebody does
	watcher *os.File // made of it, for the poller; nil while nobody watches
}

func newReports(parse func([]byte) (*Underway, Exit), wants func() bool) (*reports, error) {
	r, w, err := pipe()
	if err != nil {
		return nil, fmt.Errorf("make pipe: %w", err)
	}
	spare, err := duplicate(uintptr(r))
	if err != nil {
		_ = unix.Close(r)
		_ = unix.Close(w)
		return nil, fmt.Errorf("make pipe: %w", err)
	}
	return &reports{inlet: os.NewFile(uintptr(w), "|1"), parse: parse, wants: wants, fd: r, spare: spare}, nil
}

// take takes what has come, and ends the run whose end that tells, in this
// goroutine.
func (r *reports) take() pipeState {
	var ended *Underway
	var exit Exit
	r.reading.Lock()
	found := pipeEnded
	if r.fd >= 0 {
		found = readPipe(r.fd, grownSize, func(p []byte) {
			if u, e := r.parse(p); u != nil {
				ended, exit = u, e
			}
		})
	}
	r.reading.Unlock()
	if ended != nil {
		ended.conclude(exit)
	}
	return found
}

// watch has a goroutine take what comes from now on.
func (r *reports) watch() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.watcher != nil || r.spare < 0 {
		return
	}
	r.watcher, r.spare = os.NewFile(uintptr(r.spare), "|0"), -1
	raw, err := r.watcher.SyscallConn()
	if err != nil {
		panic(err) // it is open
	}
	go func() {
		_ = raw.Read(func(uintptr) bool { // until it is closed
			found := r.take()
			for found == pipeHasMore { // of which the poller says nothing again
				found = r.take()
			}
			return found == pipeEnded
		})
	}()
}

// unwatch has nobody be woken any more. It reports false where that cannot be,
// for want of descriptors: then they go on watching.
func (r *reports) unwatch() bool {
	watcher, ok := r.dismiss()
	if watcher != nil {
		_ = watcher.Close() // only read from; it waits for what is being taken
	}
	return ok
}

func (r *reports) dismiss() (watcher *os.File, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.watcher == nil {
		return nil, r.spare >= 0
	}
	spare, err := duplicate(uintptr(r.fd))
	if err != nil {
		return nil, false
	}
	watcher = r.watcher
	r.watcher, r.spare = nil, spare
	return watcher, true
}

// look waits for the end of a run in this goroutine, which goes on behind it:
// nobody has to be woken, which takes about as long as all that the shell does
// for a short one. The processor is given to who else wants it, but not slept: it
// is for runs that end within the limit. Behind that somebody watches, and also
// where the run is over and somebody else relies on that who waits for another, or
// where more is to come, which the pipe may not hold and a shell that is killed
// would take with it.
func (r *reports) look(awaited func() bool, limit time.Duration, more bool) {
	if limit > 0 && awaited() && r.unwatch() {
		for began := time.Now(); awaited() && time.Since(began) < limit; {
			if r.take() == pipeEnded {
				break
			}
			_, _, _ = syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0) // always succeeds
		}
	}
	if more || r.wants() {
		r.watch()
	}
}

// close is to be called once the shell has ended; what it told before is to
// be taken first.
func (r *reports) close() {
	r.mu.Lock()
	watcher, spare := r.watcher, r.spare
	r.watcher, r.spare = nil, -1
	r.mu.Unlock()
	if watcher != nil {
		_ = watcher.Close() // only read from; it waits for what is being taken
	}
	r.reading.Lock()
	defer r.reading.Unlock()
	for _, fd := range []int{r.fd, spare} {
		if fd >= 0 {
			_ = unix.Close(fd) // only read from
		}
	}
	r.fd = -1
}
