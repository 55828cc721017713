//go:build unix && !linux

package shell

import (
	"runtime"
	"syscall"
	"time"
)

// child is a started process as this system knows it.
type child struct {
	pid   int
	group *cgroup // always nil
}

// spawn starts path with files as its descriptors 0, 1, ….
func spawn(path string, c Command, files []uintptr) (*child, error) {
	attr := &syscall.ProcAttr{
		Dir:   c.Dir,
		Env:   marked(c.Env, c.ID),
		Files: files,
		Sys:   &syscall.SysProcAttr{Setsid: true, Setctty: c.Terminal != nil},
	}
	if c.Credential != nil {
		attr.Sys.Credential = c.Credential.attr()
	}
	pid, err := fork(path, c.Argv, attr)
	runtime.KeepAlive(c) // its files
	if err != nil {
		return nil, err
	}
	return &child{pid: pid}, nil
}

func fork(path string, argv []string, attr *syscall.ProcAttr) (int, error) {
	return syscall.ForkExec(path, argv, attr) //nolint:wrapcheck // the caller says what could not be started
}

// wait returns when the process has exited. It reaps it, because these
// systems have no portable way to look without.
func (k *child) wait() Exit {
	var status syscall.WaitStatus
	var usage syscall.Rusage
	for {
		_, err := syscall.Wait4(k.pid, &status, 0, &usage)
		if err == syscall.EINTR { //nolint:errorlint // an error number, never wrapped
			continue
		}
		if err != nil {
			return exitedWith(-1)
		}
		break
	}
	exit := exitedWith(status.ExitStatus())
	if status.Signaled() {
		exit = killedBy(status.Signal(), status.CoreDump())
	}
	exit.Usage = Usage{
		User:   time.Duration(usage.Utime.Nano()),
		System: time.Duration(usage.Stime.Nano()),
		MaxRSS: usage.Maxrss,
	}
	return exit
}

// reap does nothing: wait has.
func (k *child) reap() {}
