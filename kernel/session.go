package kernel

import (
	"fmt"
	"sync"
	"syscall"
	"time"

	"execd/kernel/wire"
	"execd/kernel/zmtp"
)

// session is a running kernel and the connection to it.
//
// Goroutines: one reader per connected channel (shell, iopub, and stdin if
// asked for) and watch, which ends all of it when the process ends. Locks are
// taken in the order execution.mu, client.mu; sendMu is taken alone.
type session struct {
	client   // its name is also the identity of our sockets
	local    *Local
	id       string
	language string
	message  bool // interrupt by message, not by signal
	proc     Process
	conn     *connection

	iopub, shell, stdin *zmtp.Conn // stdin may be nil
	readers             sync.WaitGroup

	sendMu sync.Mutex
	codec  *wire.Codec // guarded by sendMu; each reader has its own

	lost chan error // cap 1: why a connection broke
}

var (
	_ Kernel    = (*session)(nil)
	_ transport = (*session)(nil)
)

const (
	// drainTime is how long a dead kernel's sockets are read: what it sent is
	// in our kernel's buffers, so it takes that only if a child that survived
	// holds the socket open.
	drainTime = 100 * time.Millisecond

	// lostGrace is how long after its connection a process may end by itself.
	// Closing sockets is the larger part of exiting; the rest takes
	// milliseconds, and runs of code must be told within a second.
	lostGrace = 500 * time.Millisecond
)

func (s *session) ID() string       { return s.id }
func (s *session) Language() string { return s.language }

// Pid implements Kernel.
func (s *session) Pid() int { return s.proc.Pid() }

// run starts the goroutines; the channels must be connected.
func (s *session) run(stdin bool) {
	s.readers.Add(2)
	go s.read(s.iopub, "iopub", s.onIopub)
	go s.read(s.shell, "shell", s.onShell)
	if stdin {
		s.readers.Add(1)
		go s.read(s.stdin, "stdin", s.onStdin)
	}
	go s.watch()
}

// giveUp ends a kernel that could not be connected; run was not called.
func (s *session) giveUp() {
	s.proc.Kill()
	<-s.proc.Done()
	s.closeConns()
	s.conn.remove()
}

func (s *session) conns() []*zmtp.Conn {
	var list []*zmtp.Conn
	for _, c := range []*zmtp.Conn{s.iopub, s.shell, s.stdin} {
		if c != nil {
			list = append(list, c)
		}
	}
	return list
}

func (s *session) closeConns() {
	for _, c := range s.conns() {
		_ = c.Close()
	}
}

func (s *session) send(ch channel, m wire.Message) error {
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	c := s.shell
	if ch == stdinChannel {
		c = s.stdin
	}
	return c.WriteMessage(s.codec.Encode(m)...)
}

func (s *session) received() int64 { return s.iopub.Received() + s.shell.Received() }

// lose reports a broken connection to watch; the first one counts.
func (s *session) lose(err error) {
	select {
	case s.lost <- err:
	default:
	}
}

// watch waits for the end of the kernel and makes it everybody's.
func (s *session) watch() {
	cause := s.outlive()
	s.proc.Kill() // what it left behind
	deadline := time.Now().Add(drainTime)
	for _, c := range s.conns() {
		_ = c.SetReadDeadline(deadline)
	}
	s.readers.Wait()
	s.closeConns()
	s.bury(cause)
	s.conn.remove()
	s.local.forget(s)
	close(s.done)
}

// outlive returns why the process has ended, once it has.
func (s *session) outlive() error {
	var lost error
	select {
	case <-s.proc.Done():
	case lost = <-s.lost:
	}
	switch {
	case s.isClosing():
		<-s.proc.Done() // Shutdown sees to it
		return &endedError{text: "kernel was shut down"}
	case lost == nil || within(s.proc.Done(), lostGrace):
		return &exitedError{text: s.proc.ExitText()}
	}
	s.proc.Kill()
	<-s.proc.Done()
	return &endedError{text: "lost connection to kernel", cause: lost}
}

// within reports whether c was closed before d had passed.
func within(c <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-c:
		return true
	case <-timer.C:
		return false
	}
}

// signal sends a signal to the kernel's process group.
func (s *session) signal(sig syscall.Signal) error {
	if err := s.proc.Signal(sig); err != nil {
		return fmt.Errorf("signal kernel: %w", err)
	}
	return nil
}
