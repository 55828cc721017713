package main

import (
	"context"
	"os"
	"syscall"
	"time"

	"execd/shell"
)

// console is where the daemon says what nobody has asked it. The command
// beside it has standard output to itself: whoever started that reads it.
func (c *config) console() *os.File {
	if len(c.entrypoint) > 0 {
		return os.Stderr
	}
	return os.Stdout
}

// startEntrypoint starts the command that is to run beside the daemon, if
// there is one. Where it cannot, it returns the status that shells have for
// that.
func (d *daemon) startEntrypoint() (status int, err error) {
	if len(d.config.entrypoint) == 0 {
		return 0, nil
	}
	entry, exit, err := shell.StartEntrypoint(d.config.entrypoint)
	if err != nil {
		return exit.Code, err //nolint:wrapcheck // it says what could not be started
	}
	d.entry = entry
	d.log.Info().Str("program", d.config.entrypoint[0]).Int("pid", entry.Pid()).Msg("the command runs")
	return 0, nil
}

// entryExited is closed when the command has exited, and never where there is
// none.
func (d *daemon) entryExited() <-chan struct{} {
	if d.entry == nil {
		return nil
	}
	return d.entry.Exited()
}

// entryStatus is the exit status of the command: that of the daemon too.
func (d *daemon) entryStatus() int {
	if d.entry == nil {
		return 0
	}
	return d.entry.Exit().Code
}

// asksForEnd reports whether a signal is the daemon's own to obey. SIGINT is
// the command's, if there is one: an interactive shell goes on after it.
func (d *daemon) asksForEnd(sig os.Signal) bool {
	return sig == syscall.SIGTERM || sig == syscall.SIGINT && d.entry == nil
}

// forward passes on a signal that is not the daemon's own, or not only. The
// end that SIGTERM asks for is for both.
func (d *daemon) forward(sig os.Signal) {
	if number, ok := sig.(syscall.Signal); ok && sig != syscall.SIGPIPE { // that one tells of the daemon's own output
		d.signalEntry(number)
	}
}

func (d *daemon) signalEntry(sig syscall.Signal) {
	if d.entry != nil {
		d.entry.Signal(sig)
	}
}

// killWait is how long a killed command may take to go: the kernel may be busy
// for it, but does not wait for long.
const killWait = 2 * time.Second

// awaitEntry returns when the command has exited, which it was asked to do;
// after the window it is killed. What it leaves behind is ended as an orphan.
func (d *daemon) awaitEntry(window context.Context) {
	if d.entry == nil {
		return
	}
	select {
	case <-d.entry.Exited():
		return
	case <-window.Done():
	}
	d.log.Warn().Msg("the command has not ended in time, and is killed")
	d.entry.Signal(syscall.SIGKILL)
	select {
	case <-d.entry.Exited():
	case <-time.After(killWait):
	}
}
