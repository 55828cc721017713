package event

import "time"

// Brief says that the log may be complete within a moment, until Lasts. A
// reader may keep what it has of a brief log, to send it together with the end,
// and may look for that itself. Call Brief before the first append.
func (l *Log) Brief(look func(limit time.Duration)) { l.brief.Store(&look) }

// Lasts takes back Brief, and wakes who waits for an event.
func (l *Log) Lasts() {
	l.brief.Store(nil)
	l.spool.mu.Lock()
	defer l.spool.mu.Unlock()
	l.spool.notify()
}

// IsBrief reports whether the log may be complete within a moment.
func (l *Log) IsBrief() bool { return l.brief.Load() != nil }

// Look waits for the end of a brief log, no longer than the limit, by doing what
// leads to it in this goroutine. A limit of 0 has somebody else do so.
func (l *Log) Look(limit time.Duration) {
	look := l.brief.Load()
	if look == nil {
		return
	}
	l.looking.Store(limit > 0)
	defer l.looking.Store(false)
	(*look)(limit)
}

// Looking reports whether a reader is in Look, and so need not be woken.
func (l *Log) Looking() bool { return l.looking.Load() }
