package event

import (
	"fmt"
	"os"
	"sort"
)

// maxExtent is when the next file is begun at the latest. Files are the unit
// of eviction: this is how much is lost at a time.
const maxExtent = 8 << 20

// extentSize is when the next file is begun: early enough that a small disk
// limit is kept to, because the file being written is never evicted.
func (l Limits) extentSize() int64 {
	return min(maxExtent, max(segmentSize, min(l.DiskPerLog, l.DiskTotal)/8))
}

// extent is one file of a spool. Its path stays valid until it is evicted; a
// reader that opened it before keeps reading it.
type extent struct {
	path string
	file *os.File // open for appending while it is the newest
	size int64
}

func (x *extent) remove() {
	x.seal()
	_ = os.Remove(x.path) // somebody may have emptied the directory; there is nothing to tell
}

func (x *extent) seal() {
	if x.file != nil {
		_ = x.file.Close() // data went through write(2), which reported its errors
		x.file = nil
	}
}

// relieve moves full segments from memory to files until the spool is within
// its share, and evicts what exceeds the disk. It is called by appenders that
// hold no lock, and is the only place where they may wait for the disk. One
// that is patient also waits for whoever does the same now, and for the owner
// of a paced log; another leaves the work to the one that is at it.
func (s *spool) relieve(patient bool) {
	s.mu.Lock()
	crowded := s.crowded()
	s.mu.Unlock()
	if !crowded {
		return
	}
	if !patient && !s.spilling.TryLock() {
		return
	}
	if patient {
		s.spilling.Lock()
	}
	defer s.spilling.Unlock()
	s.patient = patient
	s.drain()
}

// drain is the loop of relieve; spilling is held.
func (s *spool) drain() {
	for {
		s.mu.Lock()
		i := s.firstInMemory(s.full())
		if !s.crowded() || i < 0 {
			s.mu.Unlock()
			return
		}
		seg := s.segs[i]
		s.mu.Unlock()
		if !s.place(seg) {
			return
		}
	}
}

// place puts seg on the disk, or makes room for the next try where the disk
// refuses: the oldest file goes first, and seg itself when there is none. A
// log that was only asked to leave the memory stays there instead: it reports
// false.
func (s *spool) place(seg *segment) bool {
	if s.spill(seg) {
		s.keepWithinDisk()
		return true
	}
	if s.stay() {
		return false
	}
	end := seg.off + int64(seg.n)
	if len(s.extents) > 0 {
		s.mu.Lock()
		end = s.endOf(s.extents[0])
		s.mu.Unlock()
	}
	s.evictUpTo(end)
	return true
}

// firstInMemory is the oldest of the first n segments that is in memory, or -1;
// mu is held.
func (s *spool) firstInMemory(n int) int {
	i := sort.Search(n, func(i int) bool { return s.segs[i].buf != nil })
	if i >= n {
		return -1
	}
	return i
}

// spill writes one segment to the newest extent. It reports false when the
// disk refuses; the caller then evicts, which is announced to readers.
func (s *spool) spill(seg *segment) bool {
	s.mu.Lock()
	buf := seg.buf // another one once it was trimmed, but the same bytes
	s.mu.Unlock()
	x, err := s.writable()
	if err == nil {
		_, err = x.file.Write(buf)
	}
	if err != nil {
		if !s.broken {
			s.store.failed(fmt.Errorf("spill log %s: %w", s.name, err))
		}
		s.broken = true
		s.abandon(x)
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.removed {
		return true // the file goes with the others
	}
	buf = seg.buf
	seg.ext, seg.extAt, seg.buf = x, x.size, nil
	if seg.pins.Load() == 0 { // and nobody finds it any more
		reuse(buf)
	}
	x.size += int64(seg.n)
	s.inMem -= int64(seg.n)
	s.onDisk += int64(seg.n)
	s.store.memory.Add(-int64(seg.n))
	s.store.disk.Add(int64(seg.n))
	return true
}

// abandon ends an extent, if any, that could not be written to: what a short
// write left behind is cut off, and a file without anything goes, so that it
// does not stand for something that could be evicted.
func (s *spool) abandon(x *extent) {
	if x == nil {
		return
	}
	if x.size == 0 {
		x.remove()
		s.extents = s.extents[:len(s.extents)-1]
		return
	}
	_ = x.file.Truncate(x.size) // the space is only wasted, nothing refers to it
	x.seal()
}

// writable returns the extent to append to; spilling is held.
func (s *spool) writable() (*extent, error) {
	if n := len(s.extents); n > 0 {
		x := s.extents[n-1]
		if x.file != nil && x.size < s.store.extent {
			return x, nil
		}
		x.seal()
		s.store.cooler.add(s.cooling())
	}
	s.files++
	f, err := s.store.create(fmt.Sprintf("%s.%d", s.name, s.files))
	if err != nil {
		return nil, err
	}
	x := &extent{path: f.Name(), file: f}
	s.extents = append(s.extents, x)
	return x, nil
}

// keepWithinDisk evicts the oldest extents while a disk limit is exceeded;
// spilling is held.
func (s *spool) keepWithinDisk() {
	for len(s.extents) > 1 {
		s.mu.Lock()
		over := s.onDisk > s.disk || s.store.disk.Load() > s.store.limits.DiskTotal
		end := s.endOf(s.extents[0])
		s.mu.Unlock()
		if !over {
			return
		}
		s.evictUpTo(end)
	}
}

// endOf is the offset behind the last byte in x; mu is held.
func (s *spool) endOf(x *extent) int64 {
	var end int64
	for _, seg := range s.segs {
		if seg.ext != nil && seg.ext != x {
			break
		}
		if seg.ext == x {
			end = seg.off + int64(seg.n)
		}
	}
	return end
}

// evictUpTo forgets the segments below end and the extents that held only
// those; spilling is held.
func (s *spool) evictUpTo(end int64) {
	s.announce(end)
	s.mu.Lock()
	keep := 0
	for keep < len(s.segs) && s.segs[keep].off < end {
		s.forget(s.segs[keep])
		keep++
	}
	s.segs = append([]*segment(nil), s.segs[keep:]...)
	var first *extent
	if len(s.segs) > 0 {
		first = s.segs[0].ext
	}
	s.mu.Unlock()
	for len(s.extents) > 0 && s.extents[0] != first {
		s.extents[0].remove()
		s.extents = s.extents[1:]
	}
}

// announce says to whoever has to know that the bytes below end, which is
// where a segment begins, will be evicted; spilling is held.
func (s *spool) announce(end int64) {
	if s.evicting == nil {
		return
	}
	s.mu.Lock()
	i := s.find(end)
	var key int64
	if i >= 0 && i < len(s.segs) {
		key = s.segs[i].key
	}
	s.mu.Unlock()
	if key != 0 { // else nothing is left of what was removed meanwhile
		s.evicting(key, s.patient)
	}
}

func (s *spool) forget(seg *segment) {
	n := int64(seg.n)
	s.store.evicted.Add(n)
	if seg.buf != nil {
		s.inMem -= n
		s.store.memory.Add(-n)
		return
	}
	s.onDisk -= n
	s.store.disk.Add(-n)
}

// leaveMemory moves everything to files, once nothing will be added. While an
// appender is still moving segments it does nothing; ask again later.
func (s *spool) leaveMemory() {
	if !s.spilling.TryLock() {
		return
	}
	defer s.spilling.Unlock()
	s.mu.Lock()
	s.unload = true
	s.mu.Unlock()
	s.patient = false
	s.drain()
	for _, x := range s.extents {
		x.seal()
	}
}

// stay takes back leaveMemory, where that was asked for: the disk refuses, and
// which of the ended logs should go is not for this one to say.
func (s *spool) stay() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.unload
	s.unload = false
	return was
}
