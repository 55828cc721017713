//go:build unix

package shell

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

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

	mu   sync.Mutex
	size Size // that was asked for last
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
	fd, err := duplicate(f.Fd())
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
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.setSize(size); err != nil {
		return fmt.Errorf("resize terminal: %w", err)
	}
	before := t.size
	t.size = size
	time.AfterFunc(resizeCheck, func() { t.confirm(before, size) })
	return nil
}

// resizeCheck is when a new size is looked at again.
const resizeCheck = 50 * time.Millisecond

// confirm sets a size once more if it was taken back: readline reads the size
// and writes it again before each prompt, and what comes in between is lost.
func (t *Terminal) confirm(before, size Size) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.size != size {
		return // there is a newer one
	}
	if now, err := t.getSize(); err == nil && now == before && now != size {
		_ = t.setSize(size) // the terminal may be gone by now
	}
}

func (t *Terminal) setSize(size Size) error {
	raw, err := t.master.SyscallConn()
	if err != nil {
		return err //nolint:wrapcheck // the caller does
	}
	w := unix.Winsize{Col: size.Columns, Row: size.Rows}
	controlErr := raw.Control(func(fd uintptr) { err = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &w) })
	return errors.Join(err, controlErr)
}

func (t *Terminal) getSize() (Size, error) {
	raw, err := t.master.SyscallConn()
	if err != nil {
		return Size{}, err //nolint:wrapcheck // the caller does
	}
	var w *unix.Winsize
	controlErr := raw.Control(func(fd uintptr) { w, err = unix.IoctlGetWinsize(int(fd), unix.TIOCGWINSZ) })
	if err := errors.Join(err, controlErr); err != nil {
		return Size{}, err
	}
	return Size{Columns: w.Col, Rows: w.Row}, nil
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
