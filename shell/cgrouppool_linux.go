package shell

import (
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// controlGroups are the control groups of this process: below its own, in a
// directory named after it.
var controlGroups groupPool

// groupPool hands out control groups. One that is as it was made goes to the
// next process; any other, and all where the kernel counts more than the time
// of the processors, are removed when nobody is in them: what a command has
// left in the page cache stays on the account of its group, and peaks do.
type groupPool struct {
	mu       sync.Mutex
	opened   bool
	home     string // the directory of the groups
	counts   bool   // there are controllers
	refused  bool   // there can be none
	made     int
	spare    []*cgroup
	outlived []*cgroup // with processes that have outlived their leaders
	tending  sync.WaitGroup
}

// To make and remove a group takes a tenth of what it takes to start a
// program. Some are made before they are needed, and more are kept where many
// commands have come and gone at a time; one that waits costs a few KiB.
const (
	spareGroups = 8
	mostSpare   = 32
)

// take returns an empty group, or nil where this process may make none.
func (g *groupPool) take() *cgroup {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open()
	for last := len(g.spare) - 1; last >= 0; last-- {
		c := g.spare[last]
		g.spare = g.spare[:last]
		var ok bool
		if c.before, ok = c.cpu(); ok {
			return c
		}
		g.tending.Go(func() { g.tend(c) }) // what the next one uses could not be told from what was used
	}
	return g.make()
}

// takeNew returns a group that nobody has been in.
func (g *groupPool) takeNew() *cgroup {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open()
	return g.make()
}

// open needs the lock.
func (g *groupPool) open() {
	if g.opened {
		return
	}
	g.opened = true
	g.home, g.counts = openGroups()
	g.refused = g.home == ""
}

// make needs the lock.
func (g *groupPool) make() *cgroup {
	if g.refused {
		return nil
	}
	g.made++
	c, err := makeGroup(filepath.Join(g.home, strconv.Itoa(g.made)), g.counts)
	if err != nil {
		return nil
	}
	return c
}

// give takes back the group of a process that has been reaped, for the next
// one where that cannot tell. Else it returns at once and removes the group,
// and makes another, when it comes to it.
func (g *groupPool) give(c *cgroup) {
	if next := c.pass(); next != nil {
		if g.keep(next) {
			return
		}
		c = next
	}
	g.tending.Go(func() { g.tend(c) })
}

func (g *groupPool) keep(c *cgroup) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.refused || len(g.spare) >= mostSpare {
		return false
	}
	g.spare = append(g.spare, c)
	return true
}

func (g *groupPool) tend(c *cgroup) {
	c.close()
	g.mu.Lock()
	defer g.mu.Unlock()
	if !c.remove() {
		g.outlived = append(g.outlived, c)
	}
	if oldest := g.outlived; len(oldest) > 0 { // looked after in turn, as others end
		g.outlived = oldest[1:]
		if !oldest[0].remove() {
			g.outlived = append(g.outlived, oldest[0])
		}
	}
	if len(g.spare) < spareGroups {
		if c := g.make(); c != nil {
			g.spare = append(g.spare, c)
		}
	}
}

// refuse has no more groups made.
func (g *groupPool) refuse() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range g.spare {
		c.close()
		c.remove()
	}
	g.refused, g.spare = true, nil
}

// ReleaseGroups removes the control groups that this process has made, and
// kills who is still in them. It is to be called last.
func ReleaseGroups() {
	controlGroups.tending.Wait()
	controlGroups.refuse()
	controlGroups.mu.Lock()
	defer controlGroups.mu.Unlock()
	home := controlGroups.home
	if home == "" {
		return
	}
	for deadline := time.Now().Add(lastKill); ; time.Sleep(firstPause) {
		removeTree(home)
		if !exists(home) || time.Now().After(deadline) {
			return
		}
		_ = os.WriteFile(filepath.Join(home, "cgroup.kill"), []byte("1"), 0) // gone is as good
	}
}

// lastKill bounds the wait for those who have been killed: the kernel may hold
// one who waits for a disk.
const lastKill = time.Second

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
