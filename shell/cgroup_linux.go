package shell

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// cgroup is a control group that one process and all its descendants have to
// themselves (cgroups(7), version 2). Nobody leaves it by losing parent,
// session or environment, and one write to it ends all that are in it at one
// moment, those that are being born included.
//
// It is the hold of one process. When it has been passed on, the next process
// has one of its own, and nothing that this one is told reaches anybody. A nil
// one has nobody in it.
type cgroup struct {
	groupFiles
	used   bool    // by another process before
	before cpuTime // what had been used in it by then

	mu     sync.Mutex // of what is done by way of it, against its being passed on
	marred bool       // its members were killed or held still, or it is not what it should be
	passed bool
}

// groupFiles are what the next process takes over.
type groupFiles struct {
	path   string
	counts bool // more than the time of the processors
	dir    int
	events int // cgroup.events
	stat   int // cpu.stat
	made   unix.Stat_t
}

func makeGroup(path string, counts bool) (*cgroup, error) {
	if err := os.Mkdir(path, 0o755); err != nil {
		return nil, fmt.Errorf("make control group: %w", err)
	}
	c, err := openGroup(path, counts)
	if err != nil {
		_ = os.Remove(path) // just made
		return nil, fmt.Errorf("make control group: %w", err)
	}
	return c, nil
}

func openGroup(path string, counts bool) (*cgroup, error) {
	f := groupFiles{path: path, counts: counts, dir: -1, events: -1, stat: -1}
	c := &cgroup{groupFiles: f}
	var err error
	if c.dir, err = unix.Open(path, unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err != nil {
		return nil, err //nolint:wrapcheck // the caller does
	}
	if err = unix.Fstat(c.dir, &c.made); err == nil {
		c.events, err = unix.Openat(c.dir, "cgroup.events", unix.O_CLOEXEC, 0)
	}
	if err == nil {
		c.stat, err = unix.Openat(c.dir, "cpu.stat", unix.O_CLOEXEC, 0)
	}
	if err != nil {
		c.close()
		return nil, err //nolint:wrapcheck // likewise
	}
	return c, nil
}

// close lets go of the files once nobody is born in the group any more. It can
// still be told what to do with those who are in it.
func (c *cgroup) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, fd := range []*int{&c.dir, &c.events, &c.stat} {
		if *fd >= 0 {
			_ = unix.Close(*fd) // only read from
			*fd = -1
		}
	}
}

// pass makes the group one that the next process can have, if it is as it was
// made: nobody is in it, or has made groups below it, or has given it away,
// and nobody was killed or held still by way of it. Otherwise it is nil, and
// the group remains with its process.
func (c *cgroup) pass() *cgroup {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.counts || c.marred || c.passed || !c.isAsMade() {
		return nil
	}
	c.passed = true
	return &cgroup{groupFiles: c.groupFiles, used: true}
}

// isAsMade needs the lock.
func (c *cgroup) isAsMade() bool {
	var now unix.Stat_t
	if unix.Fstat(c.dir, &now) != nil || now.Nlink != c.made.Nlink { // one for each group below
		return false
	}
	if now.Uid != c.made.Uid || now.Gid != c.made.Gid || now.Mode != c.made.Mode {
		return false
	}
	var buf [128]byte
	n, err := unix.Pread(c.events, buf[:], 0)
	return err == nil && bytes.Contains(buf[:n], []byte("populated 0\n")) && bytes.Contains(buf[:n], []byte("frozen 0\n"))
}

// mar has no other process get the group.
func (c *cgroup) mar() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.marred = true
}

// remove reports false where processes live in the group.
func (c *cgroup) remove() bool {
	removeTree(c.path)
	_, err := os.Stat(c.path)
	return err != nil
}

// freeze has all that are in the group hold still, or go on. They can be
// signalled meanwhile, and SIGKILL ends them.
func (c *cgroup) freeze(still bool) {
	state := "0"
	if still {
		state = "1"
	}
	c.tell("cgroup.freeze", state)
}

// kill ends all that are in the group.
func (c *cgroup) kill() { c.tell("cgroup.kill", "1") }

// tell writes to a file of the group, which remains with its process from now
// on: nobody else is to hear of it.
func (c *cgroup) tell(file, what string) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.passed {
		return
	}
	c.marred = true
	_ = os.WriteFile(filepath.Join(c.path, file), []byte(what), 0) // gone, or as before: who is left is found and ended one by one
}

// pids are the processes in the group and the groups that they have made
// below it.
func (c *cgroup) pids() []int {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.passed {
		return nil
	}
	var pids []int
	_ = filepath.WalkDir(c.path, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.Name() != "cgroup.procs" {
			return nil //nolint:nilerr // a group that goes meanwhile has nobody in it
		}
		text, _ := os.ReadFile(path) // likewise
		for field := range bytes.FieldsSeq(text) {
			if pid, err := strconv.Atoi(string(field)); err == nil {
				pids = append(pids, pid)
			}
		}
		return nil
	})
	return pids
}
