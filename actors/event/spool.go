package event

import (
	"sort"
	"sync"
	"sync/atomic"
)

// segmentSize is when a segment is full. It is what a reader that stalls in
// the middle of a write keeps in memory, and what one write to a file carries.
const segmentSize = 64 << 10

// smallSegment is where a growing segment takes its full size at once, so
// that a short log stays short and a long one is not copied again and again.
const smallSegment = 8 << 10

// segment is a run of bytes that never straddles a record: it is in memory
// while buf is set, and in an extent afterwards. Bytes below len(buf) are
// never written again while a reader is counted in pins, so that it may hold
// them without a lock.
type segment struct {
	off   int64 // offset of its first byte in the spool
	key   int64 // id of the first event that begins in it, or behind it; 0 in an output without a log
	n     int   // bytes
	buf   []byte
	ext   *extent
	extAt int64
	pins  atomic.Int32 // readers that hold buf; grows only under the spool's mu
}

// spool is an append-only run of bytes of which the newest part is in memory,
// older parts are in files, and the oldest may be gone. The zero value is not
// usable: it needs a store and a name. Fields below mu are guarded by it.
type spool struct {
	store  *Store
	name   string // of its files
	memory int64  // bytes it may hold in memory
	disk   int64  // and in files
	size   int    // when a segment is full

	// evicting, if set, is called before everything in front of the segment
	// with this key is evicted, with spilling held but not mu, and may delay
	// that if patient.
	evicting func(key int64, patient bool)

	spilling sync.Mutex // serialises relieve; taken before mu
	extents  []*extent  // guarded by spilling
	files    int        // guarded by spilling: how many were made
	broken   bool       // guarded by spilling: a write to a file has failed
	patient  bool       // guarded by spilling: who holds it may wait for the owner

	mu      sync.Mutex
	segs    []*segment // ascending; the last is the tail
	end     int64      // offset behind the last byte
	inMem   int64      // bytes of segs in memory
	onDisk  int64
	removed bool
	unload  bool          // nothing will be added, and all may leave the memory
	wake    chan struct{} // closed by the next append; nil while nobody waits
}

// tail returns the buffer to append one record to; mu is held. The record
// counts once commit is given the longer buffer.
func (s *spool) tail(key int64) []byte {
	if n := len(s.segs); n > 0 && len(s.segs[n-1].buf) < s.size && s.segs[n-1].buf != nil {
		return s.segs[n-1].buf
	}
	seg := &segment{off: s.end, key: key}
	switch {
	case len(s.segs) == 0:
		seg.buf = []byte{}
	case s.size < segmentSize:
		seg.buf = make([]byte, 0, s.size)
	default:
		seg.buf = newBuffer()
	}
	s.segs = append(s.segs, seg)
	return seg.buf
}

// commit takes back the buffer from tail with a record added; mu is held.
func (s *spool) commit(buf []byte) {
	seg := s.segs[len(s.segs)-1]
	added := int64(len(buf) - seg.n)
	seg.buf, seg.n = buf, len(buf)
	if cap(buf) < segmentSize && len(buf) > smallSegment {
		seg.buf = append(newBuffer(), buf...)
	}
	s.end += added
	s.inMem += added
	s.store.memory.Add(added)
}

// notify wakes every waiting reader; mu is held.
func (s *spool) notify() {
	if s.wake != nil {
		close(s.wake)
		s.wake = nil
	}
}

// ready returns a channel that the next append closes; mu is held.
func (s *spool) ready() <-chan struct{} {
	if s.wake == nil {
		s.wake = make(chan struct{})
	}
	return s.wake
}

// find returns the index of the segment that holds the byte at off, mu held.
// The index is len(s.segs) at the end, and -1 where the byte was evicted.
func (s *spool) find(off int64) int {
	i := sort.Search(len(s.segs), func(i int) bool { return s.segs[i].off > off }) - 1
	if i >= 0 && off >= s.segs[i].off+int64(s.segs[i].n) {
		i++
	}
	return i
}

// begin is the offset of the oldest byte held; mu is held.
func (s *spool) begin() int64 {
	if len(s.segs) == 0 {
		return s.end
	}
	return s.segs[0].off
}

// full is how many segments will not grow any more; mu is held.
func (s *spool) full() int {
	if s.unload {
		return len(s.segs)
	}
	return max(len(s.segs)-1, 0)
}

// crowded reports whether a full segment has to leave the memory; mu is held.
func (s *spool) crowded() bool {
	if s.removed || s.full() == 0 {
		return false
	}
	return s.unload && s.inMem > 0 || s.inMem > s.memory || s.store.memory.Load() > s.store.limits.MemoryTotal
}

// trim gives back what the tail reserved and will not use, once the log has
// ended; mu is held.
func (s *spool) trim() {
	if n := len(s.segs); n > 0 && s.segs[n-1].buf != nil {
		seg := s.segs[n-1]
		if cap(seg.buf)-len(seg.buf) > len(seg.buf)/4 {
			seg.buf = append(make([]byte, 0, len(seg.buf)), seg.buf...)
		}
	}
}

// remove drops everything, on disk too. Readers find removed set. It is set
// before spilling is taken, so that an appender that waits for its owner, woken
// by the caller's stop, finds it too and does not hold up the removal.
func (s *spool) remove(stop func()) {
	s.mu.Lock()
	s.store.memory.Add(-s.inMem)
	s.store.disk.Add(-s.onDisk)
	s.segs, s.inMem, s.onDisk, s.removed = nil, 0, 0, true
	s.notify()
	s.mu.Unlock()
	if stop != nil {
		stop()
	}
	s.spilling.Lock()
	defer s.spilling.Unlock()
	for _, x := range s.extents {
		x.remove()
	}
	s.extents = nil
}
