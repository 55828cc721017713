package event

// Brief says that the log may be complete within a moment, until Lasts. A
// reader may keep what it has of a brief log, to send it together with the end.
// Call Brief before the first append.
func (l *Log) Brief() { l.brief.Store(true) }

// Lasts takes back Brief, and wakes who waits for an event.
func (l *Log) Lasts() {
	l.brief.Store(false)
	l.spool.mu.Lock()
	defer l.spool.mu.Unlock()
	l.spool.notify()
}

// IsBrief reports whether the log may be complete within a moment.
func (l *Log) IsBrief() bool { return l.brief.Load() }
