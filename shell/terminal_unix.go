//go:build unix

package shell

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// Terminal is a process on a pseudo-terminal of its own, which is its
// controlling terminal. All methods may be called from any goroutine; Run is
// to be called once.
type Terminal struct {
	*Process
	master *os.File
	source *source
}

// Size is that of a terminal, in characters.
type Size struct{ Columns, Rows uint16 }

// StartTerminal starts c, of which Stdin, Join and Quiet do not count, on a
// new terminal.
func StartTerminal(c Command, size Size) (*Terminal, error) {
	master, slave, err := pty.Open()
	if err != nil {
		return nil, fmt.Errorf("open terminal: %w", err)
	}
	defer slave.Close() //nolint:errcheck // the process has its own
	if master, err = pollable(master); err != nil {
		return nil, err
	}
	t := &Terminal{master: master}
	if err := t.Resize(size); err != nil {
		_ = master.Close() // nobody has seen it
		return nil, err
	}
	c.Terminal = slave
	if t.Process, err = Start(c); err != nil {
		_ = master.Close() // likewise
		return nil, err
	}
	t.out, t.source = attach(master)
	return t, nil
}

// pollable is the same file in the runtime's poller. The library asks for its
// descriptor, which takes it out: a read would hold a thread then, and heed
// neither a deadline nor Close.
func pollable(f *os.File) (*os.File, error) {
	defer f.Close() //nolint:errcheck // there is another one
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open terminal: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd) // never used
		return nil, fmt.Errorf("open terminal: %w", err)
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

// attach is an outlet that reads from a terminal: the end of the file is
// told there with EIO, once nobody has the other side open (pty(7)).
func attach(master *os.File) (*outlet, *source) {
	s := &source{file: master, drained: make(chan struct{}), ended: make(chan struct{})}
	o := &outlet{done: make(chan struct{})}
	o.sources[Stdout] = s
	o.open.Store(1)
	return o, s
}

// Resize tells the process that its terminal has another size now.
func (t *Terminal) Resize(size Size) error {
	raw, err := t.master.SyscallConn()
	if err == nil {
		size := unix.Winsize{Col: size.Columns, Row: size.Rows}
		controlErr := raw.Control(func(fd uintptr) { err = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &size) })
		err = errors.Join(err, controlErr)
	}
	if err != nil {
		return fmt.Errorf("resize terminal: %w", err)
	}
	return nil
}

// Master is the side that a person is on: what is written to it is typed.
// It is closed when nobody is on the other side any more, or by CloseOutput.
func (t *Terminal) Master() *os.File { return t.master }

// Signal sends a signal to the foreground job, as a key would, or to the
// process's own group where there is none.
func (t *Terminal) Signal(sig syscall.Signal) error {
	group, err := foreground(t.master)
	if err != nil || group <= 0 || group == t.Pid() || sig == 0 {
		return t.Process.Signal(sig)
	}
	if !t.hold() {
		return syscall.ESRCH
	}
	defer t.release()
	return kill(-group, sig)
}
