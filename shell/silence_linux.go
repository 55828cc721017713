package shell

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// follow waits for the end of a run: the shell's report, or its exit. A shell
// whose report will not come, or has not within the limit where that is not 0,
// is killed.
func (d *driver) follow(report <-chan int, limit time.Duration) Exit {
	for began := time.Now(); ; {
		idle := time.NewTimer(silencePeriod)
		select {
		case code := <-report:
			idle.Stop()
			return exitedWith(code)
		case <-d.over:
			idle.Stop()
			select {
			case code := <-report: // it came before the exit
				return exitedWith(code)
			default:
				return d.exit
			}
		case <-idle.C:
			switch {
			case d.isDeaf(): // such as after set -n
				d.giveUp("it executed nothing any more, or could not tell the end of the run")
			case limit > 0 && time.Since(began) > limit:
				d.giveUp(fmt.Sprintf("it was not ready within %v", limit))
			}
		}
	}
}

// giveUp kills the shell, and keeps the reason.
func (d *driver) giveUp(why string) {
	d.mu.Lock()
	d.fault = why
	d.mu.Unlock()
	d.process.Kill()
}

// ending is how a shell that is over has ended, and why where that is known.
func (d *driver) ending() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fault == "" {
		return d.exit.String()
	}
	return d.exit.String() + ": " + d.fault
}

// silencePeriod is how often a run that goes on is checked for a shell that
// has read everything and does nothing any more.
const silencePeriod = time.Second

// isDeaf reports whether the shell has read everything for the second time in
// a row without a report: it executes nothing any more.
func (d *driver) isDeaf() bool {
	raw, err := d.control.SyscallConn()
	if err != nil {
		return false
	}
	unread := 1
	if raw.Control(func(fd uintptr) { unread, err = unix.IoctlGetInt(int(fd), unix.TIOCINQ) }) != nil || err != nil {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	twice := d.silent && unread == 0
	d.silent = unread == 0
	return twice
}
