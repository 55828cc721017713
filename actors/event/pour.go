package event

import "time"

// Pour is Print of n bytes that are in a pipe, and go from there to a file
// without passing through the daemon's memory. It returns how many of them it
// has taken: fewer where the disk or the system does not do that, or where
// files are small, and then the rest has to be read and printed.
//
// Of each piece, in order, cut says what Print is told: the head, and how much
// of the piece is its event's text. It is given the length of the piece and its
// last four bytes, or all of them where there are fewer.
func (l *Log) Pour(stream, pipe, n int, cut func(size int, last []byte) (head []byte, n int)) (taken int) {
	s := &l.output.spool
	if !s.roomy() {
		return 0
	}
	l.printing.Lock()
	s.spilling.Lock()
	s.patient = true
	for taken < n {
		k := l.pour(stream, pipe, n-taken, cut)
		if k == 0 {
			break
		}
		taken += k
		s.keepWithinDisk()
	}
	s.spilling.Unlock()
	l.printing.Unlock()
	l.spool.relieve(true)
	l.breathe()
	return taken
}

// pour takes what there is room for in one file; printing and the output's
// spilling are held.
func (l *Log) pour(stream, pipe, n int, cut func(int, []byte) ([]byte, int)) int {
	s := &l.output.spool
	if !s.spillAll() || !l.output.takes() { // to a file of one that was removed spillAll may have written more than it has
		return 0
	}
	x, err := s.writable()
	if err != nil {
		return 0 // who spills next will tell
	}
	n = splice(x.file, pipe, min(n, int(max(segmentSize, s.store.extent-x.size))))
	if n == 0 || !l.poured(x, stream, x.pieces(n, cut)) {
		s.abandon(x)
	}
	return n
}

// takes reports whether what comes is kept.
func (o *Output) takes() bool {
	o.spool.mu.Lock()
	defer o.spool.mu.Unlock()
	return !o.spool.removed && !o.closed
}

// piece is a part of what was poured: it becomes a segment, and an event.
type piece struct {
	size int
	head []byte
	n    int // bytes of text
}

// pieces divides the n bytes behind the end of the file, evenly, so that the
// frame of each has room in a buffer.
func (x *extent) pieces(n int, cut func(int, []byte) ([]byte, int)) []piece {
	all := make([]piece, (n+segmentSize-1)/segmentSize)
	at := x.size
	for i := range all {
		size := n / (len(all) - i)
		n -= size
		at += int64(size)
		var last [4]byte
		k := min(size, len(last))
		if _, err := x.file.ReadAt(last[:k], at-int64(k)); err != nil {
			k = 0 // who reads the piece will be told
		}
		head, text := cut(size, last[:k])
		all[i] = piece{size: size, head: head, n: text}
	}
	return all
}

// poured makes the pieces, which are behind the end of the file, part of the
// output and of the log. It reports false where the output takes nothing.
func (l *Log) poured(x *extent, stream int, all []piece) bool {
	s, o := &l.spool, l.output
	s.mu.Lock()
	defer s.mu.Unlock()
	o.spool.mu.Lock()
	defer o.spool.mu.Unlock()
	if o.spool.removed || o.closed {
		return false
	}
	before, millis := l.last, time.Now().UnixMilli()
	for _, p := range all {
		key := l.last + 1
		if len(p.head)+p.n > 0 && !l.ended && !s.removed {
			l.addReference(reference{stream: stream, head: p.head, off: o.spool.end, millis: millis}, p.n, false)
		}
		o.tags.add(stream, p.size)
		o.spool.extend(x, key, p.size)
	}
	o.spool.notify()
	if l.last != before {
		s.notify()
	}
	return true
}

// roomy reports whether files are as large as they get, for which there has to
// be some disk.
func (s *spool) roomy() bool { return s.store.extent == maxExtent }

// spillAll moves everything to files, also the segment that grows, to which
// nobody may append meanwhile. It reports false when the disk refuses; spilling
// is held.
func (s *spool) spillAll() bool {
	for {
		s.mu.Lock()
		i := s.firstInMemory(len(s.segs))
		if i < 0 {
			s.mu.Unlock()
			return true
		}
		seg := s.segs[i]
		s.mu.Unlock()
		if !s.spill(seg) {
			return false
		}
	}
}

// extend adds n bytes that follow the end of the newest extent, as a segment;
// mu and spilling are held, and nothing is in memory.
func (s *spool) extend(x *extent, key int64, n int) {
	s.segs = append(s.segs, &segment{off: s.end, key: key, n: n, ext: x, extAt: x.size})
	x.size += int64(n)
	s.end += int64(n)
	s.onDisk += int64(n)
	s.store.disk.Add(int64(n))
}
