package shell

import (
	"fmt"
	"syscall"
	"time"
)

// signalBase is what shells add to the number of a signal for the status of a
// process that it ended (POSIX.1-2017, XCU 2.8.2).
const signalBase = 128

// Exit is how a process ended.
type Exit struct {
	Code   int            // exit status, or 128 + signal
	Signal syscall.Signal // that ended it, or 0
	Core   bool           // it left a core dump
	Usage  Usage
}

// Usage is what a process and the children that it has waited for have used
// (getrusage(2)); and where it has a control group, what all of that have.
type Usage struct {
	User, System time.Duration // CPU time
	MaxRSS       int64         // the largest resident set of any one of them, in bytes; or the group's peak; 0 if unknown
	Read         int64         // bytes from storage
	Written      int64         // bytes to storage
	Processes    int           // at most at once; 0 where nobody has counted
	OOMKills     int64         // of the kernel in the group
}

func exitedWith(code int) Exit { return Exit{Code: code} }

func killedBy(sig syscall.Signal, core bool) Exit {
	return Exit{Code: signalBase + int(sig), Signal: sig, Core: core}
}

// String tells it in the words of os/exec, which clients know.
func (e Exit) String() string {
	if e.Signal == 0 {
		return fmt.Sprintf("exit status %d", e.Code)
	}
	s := "signal: " + e.Signal.String()
	if e.Core {
		s += " (core dumped)"
	}
	return s
}

// SignalName is the POSIX name of the signal, such as SIGTERM, or empty.
func (e Exit) SignalName() string {
	if e.Signal == 0 {
		return ""
	}
	return SignalName(e.Signal)
}
