//go:build unix

package main

import (
	"os"
	"syscall"
)

// forwarded are the signals that the command beside the daemon gets, if there
// is one. Others are about the daemon itself, or cannot be caught.
var forwarded = []os.Signal{
	syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2,
	syscall.SIGALRM, syscall.SIGCONT, syscall.SIGWINCH,
}
