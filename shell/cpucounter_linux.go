package shell

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

// CPUCounter tells how long processors have worked for a process until now, or
// until it exited: for all that was ever in its control group where it has one,
// else for itself and the children that it has waited for. Its methods may be
// called from any goroutine.
type CPUCounter struct {
	process *Process
	stat    *os.File // of a process without a group (proc_pid_stat(5)); open, because it is read often; nil without it
}

// NewCPUCounter is for a process whose Run has not returned yet. The counter is
// to be closed.
func NewCPUCounter(p *Process) *CPUCounter {
	c := &CPUCounter{process: p}
	if p.child.group == nil {
		c.stat, _ = os.Open(procPath(p.Pid(), "stat")) // without it nothing is told until the end
	}
	return c
}

// Close lets go of its file. What is told at the end of the process is told on.
func (c *CPUCounter) Close() {
	if c.stat != nil {
		_ = c.stat.Close() // only read from
	}
}

// CPUTime reports false where nothing can be told now.
func (c *CPUCounter) CPUTime() (user, system time.Duration, ok bool) {
	if c.process.hold() {
		user, system, ok = c.soFar()
		c.process.release()
	}
	if ok {
		return user, system, true
	}
	exit, over := c.process.end()
	u := exit.Usage
	return u.User, u.System, over && u != Usage{} // else somebody else has reaped it
}

// soFar needs a hold on the process: its group is somebody else's afterwards.
func (c *CPUCounter) soFar() (user, system time.Duration, ok bool) {
	if group := c.process.child.group; group != nil {
		now, told := group.cpu()
		return now.user - group.before.user, now.system - group.before.system, told
	}
	if c.stat == nil {
		return 0, 0, false
	}
	var room [1 << 10]byte
	n, _ := c.stat.ReadAt(room[:], 0) // io.EOF: it has less
	return timesOf(room[:n])
}

// timesOf is utime and stime with cutime and cstime, which are in ticks of
// 1/100 s (USER_HZ) in proc_pid_stat(5).
func timesOf(stat []byte) (user, system time.Duration, ok bool) {
	after, _ := afterLast(stat, ')')
	fields := bytes.Fields(after)
	const utime, stime, cutime, cstime, tick = 11, 12, 13, 14, 10 * time.Millisecond
	if len(fields) <= cstime {
		return 0, 0, false
	}
	ticks := func(i int) time.Duration {
		n, err := strconv.ParseInt(string(fields[i]), 10, 64)
		if err != nil {
			return 0
		}
		return time.Duration(n) * tick
	}
	return ticks(utime) + ticks(cutime), ticks(stime) + ticks(cstime), true
}
