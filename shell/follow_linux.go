package shell

import (
	"fmt"
	"time"
)

// follow waits for the end of what the shell does: its report, or its exit. A
// shell that has not reported within the limit, where that is not 0, is killed.
func (d *driver) follow(report <-chan int, limit time.Duration) Exit {
	if limit == 0 {
		return d.await(report, nil, nil)
	}
	late := make(chan struct{})
	defer time.AfterFunc(limit, func() { close(late) }).Stop()
	return d.await(report, late, func() { d.giveUp(fmt.Sprintf("it was not ready within %v", limit)) })
}

// followRun is follow for a run; deliver is called if it lasts.
func (d *driver) followRun(report <-chan int, lasts <-chan struct{}, deliver func()) Exit {
	if lasts == nil {
		deliver()
	}
	return d.await(report, lasts, deliver)
}

// await calls act when rung is closed.
func (d *driver) await(report <-chan int, rung <-chan struct{}, act func()) Exit {
	for {
		select {
		case code := <-report:
			return exitedWith(code)
		case <-d.over:
			select {
			case code := <-report: // it came before the exit
				return exitedWith(code)
			default:
				return d.exit
			}
		case <-rung:
			rung = nil
			act()
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
