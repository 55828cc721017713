//go:build unix && !linux

package shell

import "syscall"

// pipe makes a pipe whose reading end does not block.
func pipe() (r, w int, err error) {
	var fds [2]int
	syscall.ForkLock.RLock() // no child inherits it in between
	err = syscall.Pipe(fds[:])
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err == nil {
		err = syscall.SetNonblock(fds[0], true)
	}
	return fds[0], fds[1], err
}

// grow does nothing: these systems size their pipes themselves.
func grow(int) {}

// capacity is how much a pipe holds at most.
func capacity(int) int { return 1 << 20 }
