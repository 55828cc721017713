package event

import "sync"

// What a log has written is read by those who keep up, soon, or else rarely.
// The page cache has better use for a gigabyte of it: the programs beside
// execd are in there, in a container it counts as memory, and to get new pages
// for each write may cost several times what it takes to fill them, where a
// hypervisor has to find them. So of a log that goes on for long the files are
// written out, and dropped from the cache well behind that, when the disk is
// through: what is dirty stays.
const (
	writtenOut = 2 // files behind the one that has become full
	dropped    = 8 // likewise: 64 MiB
)

const _ = uint(dropped - writtenOut - 1) // does not compile unless it is written out before

// cooling returns which of the full extents, oldest first, are due when the
// newest has become full. Logs whose files are smaller than others, for want
// of disk, are left alone.
func (s *spool) cooling() (due []*extent) {
	if !s.roomy() {
		return nil
	}
	for _, behind := range [...]int{writtenOut, dropped} {
		if i := len(s.extents) - 1 - behind; i >= 0 {
			due = append(due, s.extents[i])
		}
	}
	return due
}

// cooler does so for all logs, one file at a time: a disk that is slow holds
// up nobody else. The zero value is ready; while there is nothing to do it has
// no goroutine.
type cooler struct {
	mu    sync.Mutex
	paths []string // the first is at it
}

// add has files cooled, soon. Ones that are gone by then are passed over.
func (c *cooler) add(due []*extent) {
	if len(due) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	idle := len(c.paths) == 0
	for _, x := range due {
		c.paths = append(c.paths, x.path)
	}
	if idle {
		go c.run(c.paths[0])
	}
}

func (c *cooler) run(path string) {
	for path != "" {
		uncache(path)
		path = c.next()
	}
}

// next is what to do after the first is done, or nothing.
func (c *cooler) next() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paths = c.paths[1:]
	if len(c.paths) == 0 {
		c.paths = nil
		return ""
	}
	return c.paths[0]
}
