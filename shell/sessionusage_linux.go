package shell

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

// openTimes opens where the kernel tells how long a shell without a control
// group has worked (proc_pid_stat(5)). It stays open, because it is read twice
// for each run. Without it nothing is told.
func openTimes(pid int, group *cgroup) *os.File {
	if group != nil {
		return nil
	}
	f, _ := os.Open(procPath(pid, "stat"))
	return f
}

// used is the CPU time of the shell until now, or at its end: with that of all
// that was ever in its control group where it has one, else of the children
// that it has waited for.
func (d *driver) used() Usage {
	if u, ok := d.usedSoFar(); ok {
		return u
	}
	<-d.over
	return d.exit.Usage
}

func (d *driver) usedSoFar() (u Usage, ok bool) {
	if !d.process.hold() {
		return Usage{}, false
	}
	defer d.process.release()
	if group := d.group(); group != nil {
		if now, told := group.cpu(); told { // else as it was told last
			d.told = Usage{User: now.user - group.before.user, System: now.system - group.before.system}
		}
		return d.told, true
	}
	if d.times != nil {
		var room [1 << 10]byte
		n, _ := d.times.ReadAt(room[:], 0) // io.EOF: it has less
		u.User, u.System = timesOf(room[:n])
	}
	return u, true
}

// timesOf is utime and stime with cutime and cstime, which are in ticks of
// 1/100 s (USER_HZ) in proc_pid_stat(5).
func timesOf(stat []byte) (user, system time.Duration) {
	after, _ := afterLast(stat, ')')
	fields := bytes.Fields(after)
	const utime, stime, cutime, cstime, tick = 11, 12, 13, 14, 10 * time.Millisecond
	if len(fields) <= cstime {
		return 0, 0
	}
	ticks := func(i int) time.Duration {
		n, err := strconv.ParseInt(string(fields[i]), 10, 64)
		if err != nil {
			return 0
		}
		return time.Duration(n) * tick
	}
	return ticks(utime) + ticks(cutime), ticks(stime) + ticks(cstime)
}

// usedBetween is the CPU time that was used meanwhile. What was told more
// coarsely later is nothing rather than less.
func usedBetween(before, after Usage) Usage {
	return Usage{User: max(after.User-before.User, 0), System: max(after.System-before.System, 0)}
}
