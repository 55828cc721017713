//go:build !unix

package main

import (
	"os"
	"syscall"
)

// forwarded are the signals that this platform has.
var forwarded = []os.Signal{syscall.SIGINT, syscall.SIGTERM}
