package event

import (
	"sync"
	"sync/atomic"
	"time"
)

// Log is the append-only event log of one execution. All methods may be
// called from any goroutine. It is made by Store.NewLog and holds memory and
// files until Remove.
type Log struct {
	spool    spool
	id       string
	late     bool
	output   *Output // has the texts; nil where the log has them itself
	floor    int64   // id below which the output has lost texts; guarded by spool.mu
	last     int64   // id of the newest event; guarded by spool.mu
	ended    bool    // guarded by spool.mu
	done     chan struct{}
	watching sync.Mutex // so that the last call of watch has the number that is true
	readers  atomic.Int32
	watch    atomic.Pointer[func(readers int)]
	owner    atomic.Pointer[Cursor]
	brief    atomic.Pointer[func(limit time.Duration)] // what looks for the end; nil once it lasts, or has ended
	looking  atomic.Bool
	progress chan struct{} // cap 1: the owner has read on, or left
	printing sync.Mutex    // of a log over an output, held by who adds texts; taken before any other
	pacing   sync.Mutex    // held by the appender that waits for the owner
	patience time.Duration // what is left of Limits.Pace; guarded by pacing
}

// NewLog returns the empty log of the execution id.
func (s *Store) NewLog(id string) *Log {
	return s.NewLogBehind(id, 0, s.limits.DiskPerLog)
}

// NewLogBehind is NewLog whose first event has the id behind last, for what
// goes on where something else has ended, and has that many bytes in files at
// most, or what Limits say if that is less.
func (s *Store) NewLogBehind(id string, last, disk int64) *Log {
	l := &Log{id: id, last: last, done: make(chan struct{})}
	l.spool = spool{
		store: s, name: id + ".events", memory: s.limits.MemoryPerLog, disk: min(disk, s.limits.DiskPerLog), size: segmentSize,
	}
	return l
}

// NewLate returns the empty log of what comes behind the end of the execution
// id. Its events are marked as late; it has no init and no terminal event.
func (s *Store) NewLate(id string) *Log {
	l := s.NewLog(id)
	l.late, l.spool.name = true, id+".late"
	return l
}

// ID returns the id of the execution.
func (l *Log) ID() string { return l.id }

// Done returns a channel that is closed once the terminal event is in.
func (l *Log) Done() <-chan struct{} { return l.done }

// Append adds e and returns its id, or 0 where the log has ended: what comes
// after the terminal event is not part of the execution. It does not wait for
// the owner of a paced log.
func (l *Log) Append(e Event) int64 {
	return l.append(&e, false)
}

// End adds the terminal event e, of which a log has exactly one. It reports
// whether it was the first to end the log; a later one is dropped.
func (l *Log) End(e Event) bool {
	return l.append(&e, true) != 0
}

func (l *Log) append(e *Event, end bool) int64 {
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	e.Late = l.late
	s := &l.spool
	s.mu.Lock()
	if l.ended || s.removed {
		s.mu.Unlock()
		return 0
	}
	l.last++
	id := l.last
	s.commit(appendFrame(s.tail(id), id, e))
	if end {
		l.ended = true
		l.brief.Store(nil)
		s.trim()
		close(l.done)
	}
	s.notify()
	s.mu.Unlock()
	s.relieve(false)
	return id
}

// Batch calls fn to append any number of texts at the cost of one lock and
// one wake-up. It does not call fn once the log has ended. Fn must not block.
// Batch itself may wait for the owner of a paced log, after the texts are in.
func (l *Log) Batch(fn func(*Batch)) {
	s := &l.spool
	s.mu.Lock()
	if l.ended || s.removed {
		s.mu.Unlock()
		return
	}
	before := l.last
	b := &Batch{log: l}
	b.stamp = appendStamp(b.room[:0], time.Now())
	if l.late {
		b.stamp = append(b.stamp, late...)
	}
	fn(b)
	if l.last != before {
		s.notify()
	}
	s.mu.Unlock()
	s.relieve(true)
}

// Batch appends to its log, inside the function that it was given to.
type Batch struct {
	log   *Log
	stamp []byte   // the same for all its events
	room  [40]byte // for stamp
}

// Text appends what a process printed. Text above MaxText is split into
// several events, all but the last marked partial, never inside a character.
// The bytes of text are copied.
func (b *Batch) Text(typ Type, text []byte, partial bool) {
	for len(text) > MaxText {
		n := cut(text, MaxText)
		b.frame(typ, text[:n], true)
		text = text[n:]
	}
	b.frame(typ, text, partial)
}

func (b *Batch) frame(typ Type, text []byte, partial bool) {
	b.log.last++
	id := b.log.last
	s := &b.log.spool
	s.commit(appendText(s.tail(id), id, typ, text, partial, b.stamp))
}

// cut is how many bytes of text, which is longer than most, go into one event
// that has room for most.
func cut(text []byte, most int) int {
	for n := most; n > most-4; n-- {
		if text[n]&0xC0 != 0x80 { // the next byte begins a character
			return n
		}
	}
	return most
}

// Range is what a log holds.
type Range struct {
	Oldest int64 // id of the oldest event still held; 1 for most logs, Last+1 when none is
	Last   int64 // id of the newest event; 0 when empty
	Bytes  int64 // size of the frames still held, or of what they are made of
	Ended  bool
}

// Range returns what the log holds now.
func (l *Log) Range() Range {
	s := &l.spool
	s.mu.Lock()
	defer s.mu.Unlock()
	r := Range{Oldest: l.oldest(), Last: l.last, Bytes: s.inMem + s.onDisk, Ended: l.ended}
	if l.output != nil {
		r.Bytes += l.output.held()
	}
	return r
}

// oldest is the id of the oldest event held, or the next one; spool.mu is held.
func (l *Log) oldest() int64 {
	if len(l.spool.segs) == 0 {
		return l.last + 1
	}
	return max(l.spool.segs[0].key, l.floor)
}

// Head is the id behind which a reader that wants nothing of what has
// happened gets what is to come: the terminal event in any case.
func (l *Log) Head() int64 {
	r := l.Range()
	if r.Ended {
		return r.Last - 1
	}
	return r.Last
}

// Unload moves an ended log to its files, where it is read as before. It
// does nothing to a log that goes on, or that an appender has not left yet, and
// a log whose files cannot be written stays in memory.
func (l *Log) Unload() {
	if l.Range().Ended {
		l.spool.leaveMemory()
	}
}

// Remove drops the log and its files. Readers get ErrRemoved.
func (l *Log) Remove() {
	l.spool.remove(func() { l.leave(nil) })
}

// Readers is how many cursors are open.
func (l *Log) Readers() int { return int(l.readers.Load()) }

// OnReaders has fn called with the number of open cursors whenever one is
// opened or closed, one call at a time and in order. Fn must not block, and not
// open or close a cursor of this log.
func (l *Log) OnReaders(fn func(readers int)) { l.watch.Store(&fn) }

func (l *Log) count(delta int32) {
	l.watching.Lock()
	defer l.watching.Unlock()
	n := l.readers.Add(delta)
	l.spool.store.readers.Add(int64(delta))
	if fn := l.watch.Load(); fn != nil {
		(*fn)(int(n))
	}
}
