//go:build !unix

package shell

import "syscall"

// signals are those that every platform has a name for.
var signals = []signalEntry{
	{syscall.SIGHUP, "SIGHUP"},
	{syscall.SIGINT, "SIGINT"},
	{syscall.SIGQUIT, "SIGQUIT"},
	{syscall.SIGKILL, "SIGKILL"},
	{syscall.SIGTERM, "SIGTERM"},
}
