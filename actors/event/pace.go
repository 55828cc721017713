package event

import "time"

// Pace lets the log wait for its owner, the reader that started the run, when
// it has reached its disk limit: the producer then stops, by way of its full
// pipe, until the owner has read on. All waits together last Limits.Pace at
// most; after that the oldest events are evicted under the owner's feet, and
// it is told so. Only Batch, Print and Pour wait; Pour also waits a moment for an
// owner that is far behind. Call Pace before the first append.
func (l *Log) Pace() {
	l.progress = make(chan struct{}, 1)
	l.patience = l.spool.store.limits.Pace
	if l.output == nil {
		l.spool.evicting = l.yield
	}
}

// Own makes c the owner of a paced log. A second owner replaces the first.
func (l *Log) Own(c *Cursor) {
	if l.progress != nil {
		c.owns = true
		l.owner.Store(c)
		l.moved()
	}
}

// A log that is poured into takes more than its owner can read of it. To go
// on with what is far behind costs both more than to wait a moment: it is in no
// cache of the processor any more, and in the end not in memory. So a producer
// is held up, to half a gigabyte a second at most.
const (
	farBehind = 8 << 20
	breath    = 2 * time.Millisecond // for each pipe full, 1 MiB
)

// breathe waits a moment for an owner that is far behind.
func (l *Log) breathe() {
	if c := l.owner.Load(); c != nil && c.Behind() > farBehind {
		time.Sleep(breath)
	}
}

// yield lets the owner read before the events below the id are evicted.
func (l *Log) yield(id int64, patient bool) {
	if patient && l.progress != nil {
		l.waitOwner(id)
	}
}

// waitOwner returns once the owner has read everything below the id, has left,
// or patience is over.
func (l *Log) waitOwner(id int64) {
	l.pacing.Lock()
	defer l.pacing.Unlock()
	timer := time.NewTimer(l.patience)
	defer timer.Stop()
	start := time.Now()
	for {
		c := l.owner.Load()
		if c == nil || l.gone() || c.after.Load() >= id-1 || l.patience <= 0 {
			break
		}
		select {
		case <-l.progress:
		case <-timer.C:
			l.patience = 0
			return
		}
	}
	l.patience -= time.Since(start)
}

func (l *Log) gone() bool {
	l.spool.mu.Lock()
	defer l.spool.mu.Unlock()
	return l.spool.removed
}

// moved tells a waiting appender that the owner has read on.
func (l *Log) moved() {
	select {
	case l.progress <- struct{}{}:
	default:
	}
}

// leave takes the owner away, whoever it is, or only c where c is not nil.
func (l *Log) leave(c *Cursor) {
	if l.progress == nil {
		return
	}
	if c == nil {
		l.owner.Store(nil)
	} else {
		l.owner.CompareAndSwap(c, nil)
	}
	l.moved()
}
