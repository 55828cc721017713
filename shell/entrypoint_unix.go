//go:build unix

package shell

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Entrypoint is the program that a container is started for, run beside this
// process in place of being process 1 itself. It has the standard streams of
// this process, and is in its session, so that it can be the foreground job of
// the terminal. Its methods may be called from any goroutine.
type Entrypoint struct {
	child  *child
	exited chan struct{}

	mu   sync.Mutex
	exit Exit
	over bool
}

// The statuses of a program that did not start (POSIX.1-2017, XCU 2.8.2).
const (
	statusNotExecutable = 126
	statusNotFound      = 127
)

// StartEntrypoint starts the program with the environment of this process. An
// error comes with the status that shells have for it.
func StartEntrypoint(argv []string) (*Entrypoint, Exit, error) {
	path, err := lookPath(argv[0], os.Getenv("PATH"))
	if err != nil {
		return nil, exitedWith(statusNotFound), err
	}
	sys := &syscall.SysProcAttr{Setpgid: true}
	stdin := int(os.Stdin.Fd())
	if _, err := unix.IoctlGetInt(stdin, unix.TIOCGPGRP); err == nil { // it is the terminal of this session
		sys.Foreground, sys.Ctty = true, stdin
	}
	pid, err := fork(path, argv, &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{os.Stdin.Fd(), os.Stdout.Fd(), os.Stderr.Fd()},
		Sys:   sys,
	})
	if err != nil {
		status := statusNotExecutable
		if errors.Is(err, fs.ErrNotExist) {
			status = statusNotFound
		}
		return nil, exitedWith(status), fmt.Errorf("start %s: %w", path, err)
	}
	e := &Entrypoint{child: &child{pid: pid}, exited: make(chan struct{})}
	go e.wait()
	return e, Exit{}, nil
}

func (e *Entrypoint) wait() {
	exit := e.child.wait()
	e.mu.Lock()
	e.exit, e.over = exit, true
	e.child.reap()
	e.mu.Unlock()
	close(e.exited)
}

// Pid is its process id, and that of its group.
func (e *Entrypoint) Pid() int { return e.child.pid }

// Exited is closed when the program has exited.
func (e *Entrypoint) Exited() <-chan struct{} { return e.exited }

// Exit is how it ended, once it has.
func (e *Entrypoint) Exit() Exit {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.exit
}

// Signal sends a signal to the program alone, as process 1 would have got it.
// Nothing happens when it has exited.
func (e *Entrypoint) Signal(sig syscall.Signal) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.over {
		_ = kill(e.child.pid, sig) // exited, and not seen yet
	}
}
