package event

import "time"

// referenceSegment is the size of a segment of references: some 250, which
// stand for 16 MiB of a fast stream.
const referenceSegment = 4 << 10

// NewLogOver returns the empty log and the empty output of the execution id,
// whose texts are events in whatever pieces they come: the log has where in
// the output they are, and makes frames of them for each reader that takes
// them. So a byte is stored once, and what evicts it from the output evicts its
// event.
func (s *Store) NewLogOver(id string) (*Log, *Output) {
	l, o := s.NewLog(id), s.NewOutput(id)
	l.output = o
	l.spool.size = referenceSegment
	l.spool.memory, o.spool.memory = o.spool.memory, l.spool.memory // most of it is for what most of them is
	l.spool.evicting = l.yield
	o.spool.evicting = l.lose
	return l, o
}

// Print appends p, of stream 0 or 1, to the output of a log that NewLogOver has
// made, and an event whose text is head with the first n bytes of p behind it,
// if that is not empty and the log has not ended: what comes later goes to
// the output only. Head is what was kept back of earlier bytes, less than a
// character. Both are copied. It waits as Batch does.
func (l *Log) Print(stream int, head, p []byte, n int) {
	s, o := &l.spool, l.output
	l.printing.Lock()
	s.mu.Lock()
	o.spool.mu.Lock()
	first := l.last + 1
	if !l.ended && !s.removed && !o.spool.removed && !o.closed {
		l.refer(reference{stream: stream, head: head, off: o.spool.end, millis: time.Now().UnixMilli()}, p[:n])
	}
	o.add(stream, p, first, l.last+1)
	o.spool.mu.Unlock()
	if l.last >= first {
		s.notify()
	}
	s.mu.Unlock()
	l.printing.Unlock()
	o.spool.relieve(true)
	s.relieve(true)
}

// refer appends r with the text, whose end is not that of the output yet, as
// often as it takes; both spools' mu are held.
func (l *Log) refer(r reference, text []byte) {
	for len(r.head)+len(text) > MaxText {
		n := cut(text, MaxText-len(r.head))
		l.addReference(r, n, true)
		r.head, r.off, text = nil, r.off+int64(n), text[n:]
	}
	if len(r.head)+len(text) > 0 {
		l.addReference(r, len(text), false)
	}
}

func (l *Log) addReference(r reference, n int, partial bool) {
	r.n, r.partial = n, partial
	l.last++
	l.spool.commit(r.append(l.spool.tail(l.last)))
}

// lose is told that the output is about to evict the texts of the events below
// the id. It waits for the owner where the log is paced, and evicts them.
func (l *Log) lose(id int64, patient bool) {
	s := &l.spool
	s.mu.Lock()
	if l.ended {
		id = min(id, l.last) // the terminal event is not a text
	}
	s.mu.Unlock()
	l.yield(id, patient)
	s.mu.Lock()
	l.floor = max(l.floor, id)
	s.mu.Unlock()
	if !s.spilling.TryLock() {
		return // the next time will do
	}
	defer s.spilling.Unlock()
	s.mu.Lock()
	var end int64
	for i := 1; i < len(s.segs) && s.segs[i].key <= l.floor; i++ {
		end = s.segs[i].off
	}
	s.mu.Unlock()
	if end > 0 {
		s.patient = false
		s.evictUpTo(end)
	}
}
