package actors

import (
	"syscall"
	"time"

	"execd/actors/event"
	"execd/actors/msg"
	"execd/kernel"
	"execd/metrics"
	"execd/shell"
)

// usageAtEnd is what the kernel tells of a process that has ended, or nil
// where there was none of its own.
func usageAtEnd(exit shell.Exit) *event.Resources {
	u := exit.Usage
	if u == (shell.Usage{}) {
		return nil
	}
	return &event.Resources{
		CPU: u.User + u.System, PeakMemory: u.MaxRSS, Read: u.Read, Written: u.Written, PeakProcesses: max(u.Processes, 1),
	}
}

// usageInSession is that of a run in a session, where nothing else is known to
// be its own.
func usageInSession(exit shell.Exit) *event.Resources {
	u := exit.Usage
	return &event.Resources{CPU: u.User + u.System, OnlyCPU: true}
}

// cellClock tells what CPU time the processes of a kernel have used since a
// cell began. It never changes. The zero value tells nothing.
type cellClock struct {
	kernel kernel.Kernel // nil where it does not tell
	begun  time.Duration
}

// startClock reads a file, for microseconds.
func startClock(k kernel.Kernel) cellClock {
	begun, ok := kernel.CPUTime(k)
	if !ok {
		return cellClock{}
	}
	return cellClock{k, begun}
}

// used is nil where it cannot be told: nothing else of a kernel is a cell's own.
func (c cellClock) used() *event.Resources {
	if c.kernel == nil {
		return nil
	}
	now, ok := kernel.CPUTime(c.kernel)
	if !ok {
		return nil
	}
	return &event.Resources{CPU: max(now-c.begun, 0), OnlyCPU: true}
}

// measure finds out what the processes of an execution use now. It reads
// files, so it is for a worker. The peak of what was seen together is kept
// for the end, when only that of single processes is known.
func (x *execution) measure() {
	x.mu.Lock()
	p, running := x.process, x.state == msg.StateRunning
	x.mu.Unlock()
	if p == nil || !running {
		return
	}
	tree, ok := metrics.TreeOf(p.Pid())
	if !ok {
		return
	}
	// The group has also those who have lost their parent.
	group, living, _ := p.Usage()
	x.mu.Lock()
	defer x.mu.Unlock()
	x.peak = max(x.peak, int64(tree.Peak), group.MaxRSS)
	x.most = max(x.most, tree.Processes, living, group.Processes)
	x.usage = &event.Resources{
		CPU:        max(tree.CPU, group.User+group.System),
		PeakMemory: x.peak,
		Read:       max(int64(tree.Read), group.Read), Written: max(int64(tree.Written), group.Written),
		Processes: max(tree.Processes, living), PeakProcesses: x.most,
	}
}

// measured is what clients are told about a context, with what its kernel uses
// now. It reads files, so it is for a worker.
func (n *notebook) measured() msg.Context {
	c := n.snapshot()
	k := n.current()
	if k == nil {
		return c
	}
	if tree, ok := metrics.TreeOf(k.Pid()); ok {
		c.Usage = &msg.KernelUsage{
			CPU: tree.CPU, Memory: int64(tree.Memory), PeakMemory: int64(tree.Peak), Processes: tree.Processes,
		}
	}
	return c
}

// killedForMemory reports whether an exit is the work of the kernel's OOM
// killer: by SIGKILL, or with the status of a shell whose command was, when
// the count of such kills in its group, or in this container, has just grown.
// It measures, so it is for a worker.
func (s *System) killedForMemory(exit shell.Exit) bool {
	const killed = 128 + int(syscall.SIGKILL) // also of a shell's last command (POSIX.1-2017, XCU 2.8.2)
	if exit.Code != killed {
		return false
	}
	if exit.Usage.OOMKills > 0 {
		return true
	}
	now, err := s.meter.read(time.Now())
	return err == nil && s.meter.claimKill(now.OOMKills())
}
