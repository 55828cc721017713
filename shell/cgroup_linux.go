package shell

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// cgroup is a control group that one process and all its descendants have to
// themselves (cgroups(7), version 2). Nobody leaves it by losing parent,
// session or environment, and one write to it ends all that are in it at one
// moment, those that are being born included.
type cgroup struct {
	path string
	dir  *os.File
}

// controlGroups are the control groups of this process: below its own, in a
// directory named after it. None is used twice: what runs in one may have
// changed it.
var controlGroups groupPool

type groupPool struct {
	mu       sync.Mutex
	opened   bool
	home     string // the directory of the groups
	refused  bool   // there can be none
	made     int
	spare    []*cgroup
	outlived []*cgroup // with processes that have outlived their leaders
	tending  sync.WaitGroup
}

// spareGroups is how many groups wait for processes: to make one takes a
// twentieth of what it takes to start a program, and need not be waited for.
const spareGroups = 8

// take returns an empty group, or nil where this process may make none.
func (g *groupPool) take() *cgroup {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.opened {
		g.opened = true
		g.home = openGroups()
		g.refused = g.home == ""
	}
	if last := len(g.spare) - 1; last >= 0 {
		c := g.spare[last]
		g.spare = g.spare[:last]
		return c
	}
	return g.make()
}

// make needs the lock.
func (g *groupPool) make() *cgroup {
	if g.refused {
		return nil
	}
	g.made++
	c, err := makeGroup(filepath.Join(g.home, strconv.Itoa(g.made)))
	if err != nil {
		return nil
	}
	return c
}

// give takes back the group of a process that has been reaped. It returns at
// once and removes the group, and makes another, when it comes to it.
func (g *groupPool) give(c *cgroup) { g.tending.Go(func() { g.tend(c) }) }

func (g *groupPool) tend(c *cgroup) {
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

// ReleaseGroups removes the control groups that this process has made, once
// all it started has ended. It is to be called last.
func ReleaseGroups() {
	controlGroups.tending.Wait()
	controlGroups.refuse()
	controlGroups.mu.Lock()
	defer controlGroups.mu.Unlock()
	for _, c := range controlGroups.outlived {
		c.remove()
	}
	if controlGroups.home != "" {
		_ = os.Remove(controlGroups.home) // not empty: somebody lives on in it
	}
}

// openGroups makes the directory of the groups and removes those of
// processes that are gone. It is empty where that is not possible: no cgroup
// file system of version 2, one that may not be written to, or no cgroup.kill,
// which came with Linux 5.14.
func openGroups() string {
	own, err := ownGroup()
	if err != nil {
		return ""
	}
	const prefix = "execd-"
	stale, _ := filepath.Glob(filepath.Join(own, prefix+"*")) // the pattern is well-formed
	for _, path := range stale {
		if errors.Is(kill(pidIn(filepath.Base(path)[len(prefix):]), 0), syscall.ESRCH) {
			removeTree(path)
		}
	}
	path := filepath.Join(own, prefix+strconv.Itoa(os.Getpid()))
	removeTree(path) // of a process that had this id
	if os.Mkdir(path, 0o755) != nil {
		return ""
	}
	if _, err := os.Stat(filepath.Join(path, "cgroup.kill")); err != nil {
		_ = os.Remove(path) // just made
		return ""
	}
	countFor(path)
	return path
}

func pidIn(name string) int {
	if pid, err := strconv.Atoi(name); err == nil && pid > 0 {
		return pid
	}
	return os.Getpid() // not one of ours: let it be
}

// removeTree removes a group and those below it, as far as they are empty.
func removeTree(path string) {
	entries, _ := os.ReadDir(path) // gone: nothing to remove
	for _, e := range entries {
		if e.IsDir() {
			removeTree(filepath.Join(path, e.Name()))
		}
	}
	_ = os.Remove(path) // busy: somebody lives in it
}

var errNoGroups = errors.New("no cgroup file system of version 2")

// ownGroup is the directory of the group that this process is in.
func ownGroup() (string, error) {
	memberships, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", fmt.Errorf("find control group: %w", err)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", fmt.Errorf("find control group: %w", err)
	}
	for line := range strings.Lines(string(memberships)) {
		if group, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "0::"); ok {
			return groupPath(string(mounts), group)
		}
	}
	return "", errNoGroups
}

// groupPath finds a group below the mount that shows it: field 4 of a line is
// the group at the root of the mount, field 5 where it is mounted, and behind
// a hyphen comes the type (proc_pid_mountinfo(5)).
func groupPath(mounts, group string) (string, error) {
	const root, point, kind = 3, 4, 0
	for line := range strings.Lines(mounts) {
		before, after, ok := strings.Cut(line, " - ")
		mount, system := strings.Fields(before), strings.Fields(after)
		if !ok || len(mount) <= point || len(system) == 0 || system[kind] != "cgroup2" {
			continue
		}
		if rest, below := strings.CutPrefix(group, strings.TrimSuffix(mount[root], "/")); below {
			return filepath.Join(mount[point], rest), nil
		}
	}
	return "", errNoGroups
}

func makeGroup(path string) (*cgroup, error) {
	if err := os.Mkdir(path, 0o755); err != nil {
		return nil, fmt.Errorf("make control group: %w", err)
	}
	dir, err := os.Open(path)
	if err != nil {
		_ = os.Remove(path) // just made
		return nil, fmt.Errorf("make control group: %w", err)
	}
	return &cgroup{path, dir}, nil
}

// close lets go of the directory once a process has been born in it.
func (c *cgroup) close() { _ = c.dir.Close() } // only read from

// remove reports false where processes live in the group.
func (c *cgroup) remove() bool {
	removeTree(c.path)
	_, err := os.Stat(c.path)
	return err != nil
}

// freeze has all that are in the group hold still, or go on. They can be
// signalled meanwhile, and SIGKILL ends them.
func (c *cgroup) freeze(still bool) {
	if c == nil {
		return
	}
	state := []byte("0")
	if still {
		state = []byte("1")
	}
	_ = os.WriteFile(filepath.Join(c.path, "cgroup.freeze"), state, 0) // gone, or as before: they are found in motion
}

// kill ends all that are in the group. A nil one has nobody in it.
func (c *cgroup) kill() {
	if c == nil {
		return
	}
	_ = os.WriteFile(filepath.Join(c.path, "cgroup.kill"), []byte("1"), 0) // who is left is found and ended one by one
}

// pids are the processes in the group and the groups that they have made
// below it.
func (c *cgroup) pids() []int {
	if c == nil {
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
