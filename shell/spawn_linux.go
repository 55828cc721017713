package shell

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// child is a started process as this system knows it.
type child struct {
	pid   int
	pidfd *os.File // nil where the system has none
	group *cgroup  // likewise
	born  int64    // the largest resident set, in bytes, that it may have from this process
}

// spawn starts path with files as its descriptors 0, 1, ….
func spawn(path string, c Command, files []uintptr) (*child, error) {
	pidfd := -1
	attr := &syscall.ProcAttr{
		Dir:   c.Dir,
		Env:   marked(c.Env, c.ID),
		Files: files,
		Sys:   &syscall.SysProcAttr{Setsid: true, PidFD: &pidfd, Setctty: c.Terminal != nil},
	}
	if c.Credential != nil {
		attr.Sys.Credential = c.Credential.attr()
	}
	pid, group, err := forkInGroup(path, c.Argv, attr)
	runtime.KeepAlive(c) // its files
	if err != nil {
		return nil, err
	}
	k := &child{pid: pid, group: group, born: ownPeak() + rssError}
	if pidfd >= 0 && unix.SetNonblock(pidfd, true) == nil { // non-blocking lets the poller have it
		k.pidfd = os.NewFile(uintptr(pidfd), "pidfd")
	}
	return k, nil
}

// ownPeak is the largest resident set that this process has had, in bytes.
func ownPeak() int64 {
	var own syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &own) // never fails
	return own.Maxrss * 1024
}

// rssError is more than what the kernel may be wrong by when it counts pages on
// each processor for itself.
const rssError = 1 << 20

// known leaves out of what a child has used what is not its own: a process that
// shares the memory of this one until it executes a program has been as large
// as this one in the eyes of getrusage(2).
func (k *child) known(u Usage) Usage {
	if u.MaxRSS <= k.born {
		u.MaxRSS = 0
	}
	return u
}

// forkInGroup starts a process in a group of its own where there can be one.
// What else may be wrong is wrong without the group too.
func forkInGroup(path string, argv []string, attr *syscall.ProcAttr) (int, *cgroup, error) {
	group := controlGroups.take()
	if group == nil {
		pid, err := fork(path, argv, attr)
		return pid, nil, err
	}
	pid, err := forkInto(group, path, argv, attr)
	if err == nil {
		return pid, group, nil
	}
	if group.used { // by somebody who may have seen to it that nobody can be born in it
		if fresh := controlGroups.takeNew(); fresh != nil {
			if pid, err := forkInto(fresh, path, argv, attr); err == nil {
				group.mar()
				controlGroups.give(group)
				return pid, fresh, nil
			}
			controlGroups.give(fresh)
		}
	}
	controlGroups.give(group)
	attr.Sys.UseCgroupFD = false
	inGroup := err
	if pid, err = fork(path, argv, attr); err == nil && !passes(inGroup) {
		controlGroups.refuse()
	}
	return pid, nil, err
}

// passes reports whether an error of clone(2) or execve(2) says nothing about
// groups: the system was short of something, or the program being written.
func passes(err error) bool {
	return errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.ENOMEM) || errors.Is(err, syscall.ETXTBSY)
}

func forkInto(group *cgroup, path string, argv []string, attr *syscall.ProcAttr) (int, error) {
	attr.Sys.UseCgroupFD, attr.Sys.CgroupFD = true, group.dir
	return fork(path, argv, attr)
}

func fork(path string, argv []string, attr *syscall.ProcAttr) (int, error) {
	owned.RLock()
	defer owned.RUnlock()
	start := syscall.ForkExec
	switch {
	case attr.Sys.Credential == nil:
	case becomes.Load() && needDumpable():
		start = forkBecoming
	default:
		defer keepDumpable()()
	}
	pid, err := start(path, argv, attr)
	if err == nil {
		owned.pids.Store(pid, nil)
	}
	return pid, err //nolint:wrapcheck // the caller says what could not be started
}

// strangers is held while a process that takes on another identity is born.
var strangers sync.Mutex

// keepDumpable returns what makes this process as dumpable as it is now, for
// the kernel takes that from all who share the memory of a process that takes
// on another identity (PR_SET_DUMPABLE, prctl(2)). It must not be given back
// before all such children have their own memory: their new users could look
// into this one.
func keepDumpable() (restore func()) {
	strangers.Lock()
	was, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	return func() {
		if err == nil && was == 1 { // other values cannot be set
			_ = unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0) // never fails with it
		}
		strangers.Unlock()
	}
}

// wait returns when the process has exited, and leaves it to be reaped.
func (k *child) wait() Exit {
	exit := k.await()
	exit.Usage = k.known(exit.Usage)
	return exit
}

func (k *child) await() Exit {
	if k.pidfd != nil {
		if exit, ok := k.poll(); ok {
			return exit
		}
	}
	exit, err := waitID(k.pid, unix.WEXITED|unix.WNOWAIT) // a thread waits
	if err != nil {
		return exitedWith(-1) // somebody else has reaped it: its status is lost
	}
	return exit
}

// poll waits in the runtime's poller, for which a pidfd is readable once its
// process has exited (pidfd_open(2)).
func (k *child) poll() (exit Exit, ok bool) {
	raw, err := k.pidfd.SyscallConn()
	if err != nil {
		return Exit{}, false
	}
	err = raw.Read(func(uintptr) bool {
		var waitErr error
		exit, waitErr = waitID(k.pid, unix.WEXITED|unix.WNOWAIT|unix.WNOHANG)
		ok = waitErr == nil
		return !errors.Is(waitErr, errStillRunning)
	})
	return exit, ok && err == nil
}

// reap lets go of a process that has exited.
func (k *child) reap() {
	owned.RLock()
	owned.pids.Delete(k.pid) // before its pid can be given to the next one
	_, _ = waitID(k.pid, unix.WEXITED|unix.WNOHANG)
	owned.RUnlock()
	if k.pidfd != nil {
		_ = k.pidfd.Close()
	}
	if k.group != nil {
		controlGroups.give(k.group)
	}
}

const errStillRunning = unix.EAGAIN

// siginfo is siginfo_t as waitid(2) fills it: its si_pid is aligned to a word.
type siginfo struct {
	signo, errno, code int32
	_                  [unsafe.Sizeof(uintptr(0)) - 4]byte
	pid                int32
	uid                uint32
	status             int32
	_                  [128]byte // the rest of it, and more
}

// waitID is waitid(2), as unix.Waitid has it but with the status.
func waitID(pid, options int) (Exit, error) {
	var info siginfo
	var usage syscall.Rusage
	for {
		_, _, errno := unix.Syscall6(unix.SYS_WAITID, unix.P_PID, uintptr(pid),
			uintptr(unsafe.Pointer(&info)), uintptr(options), uintptr(unsafe.Pointer(&usage)), 0)
		switch {
		case errno == unix.EINTR:
			continue
		case errno != 0:
			return Exit{}, errno
		case info.pid == 0: // WNOHANG, and it runs
			return Exit{}, errStillRunning
		}
		break
	}
	exit := exitedWith(int(info.status))
	if info.code != cldExited {
		exit = killedBy(syscall.Signal(info.status), info.code == cldDumped)
	}
	exit.Usage = usageOf(&usage)
	return exit, nil
}

// The si_code values of waitid(2) that are needed.
const (
	cldExited = 1
	cldDumped = 3
)

// sector is the unit of storage in getrusage(2).
const sector = 512

func usageOf(r *syscall.Rusage) Usage {
	return Usage{
		User:   time.Duration(r.Utime.Nano()),
		System: time.Duration(r.Stime.Nano()),
		MaxRSS: r.Maxrss * 1024,
		// The kernel keeps bytes (proc_pid_io(5)) and tells whole sectors.
		Read:    r.Inblock * sector,
		Written: r.Oublock * sector,
	}
}
