package shell

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// owned are the processes that were started here and not reaped yet: nobody
// else may take their exit status. Starting one is under the read lock, so
// that a process which is not in the set is no child of ours by birth.
var owned struct {
	sync.RWMutex
	pids sync.Map
}

// Orphans adopts every descendant of this process that loses its parent, as
// process 1 does (PR_SET_CHILD_SUBREAPER, prctl(2)), and reaps it when it has
// ended.
type Orphans struct {
	signals chan os.Signal
	stop    chan struct{}
	done    chan struct{}
}

// reapPeriod is the least time between two looks for zombies: each reads the
// table of processes, and a zombie takes nothing but a place in it.
const reapPeriod = 250 * time.Millisecond

// AdoptOrphans begins. It is to be called once, before anything is started.
func AdoptOrphans() (*Orphans, error) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("adopt orphans: %w", err)
	}
	o := &Orphans{signals: make(chan os.Signal, 1), stop: make(chan struct{}), done: make(chan struct{})}
	signal.Notify(o.signals, syscall.SIGCHLD)
	go o.run()
	return o, nil
}

func (o *Orphans) run() {
	defer close(o.done)
	for {
		select {
		case <-o.signals:
			reapOrphans()
		case <-o.stop:
			return
		}
		select { // the next signal tells of all that end meanwhile
		case <-time.After(reapPeriod):
		case <-o.stop:
			return
		}
	}
}

// adopted are the children of this process that were not started here.
func adopted() []stat {
	var all []stat
	for _, s := range processes().all {
		if _, ours := owned.pids.Load(s.pid); s.parent == os.Getpid() && !ours {
			all = append(all, s)
		}
	}
	return all
}

func reapOrphans() {
	owned.Lock()
	defer owned.Unlock()
	for _, s := range adopted() {
		if s.zombie {
			_, _ = syscall.Wait4(s.pid, nil, syscall.WNOHANG, nil) // gone is as good
		}
	}
}

// Close ends the orphans that are left: with SIGTERM, and with SIGKILL when
// ctx is over; and stops adopting.
func (o *Orphans) Close(ctx context.Context) {
	signal.Stop(o.signals)
	close(o.stop)
	<-o.done
	if endAdopted(ctx, syscall.SIGTERM) {
		return
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), shellGrace)
	defer cancel()
	endAdopted(last, syscall.SIGKILL)
}

// endAdopted sends a signal to each orphan, and reports whether none is left
// before ctx is over.
func endAdopted(ctx context.Context, sig syscall.Signal) bool {
	seen := census{}
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		reapOrphans()
		owned.RLock()
		left := adopted()
		owned.RUnlock()
		if len(left) == 0 {
			return true
		}
		var members []member
		for _, s := range left {
			members = append(members, member{identity: identity{s.pid, s.start}, group: s.group})
		}
		_ = signalAll(seen.add(members), sig) // gone is as good
		if !sleep(ctx, pause) {
			return false
		}
	}
}
