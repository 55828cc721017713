package kernel

import (
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"execd/kernel/wire"
	"execd/kernel/zmtp"
)

// session is a running kernel and the connection to it.
//
// Goroutines: one reader per connected channel (shell, iopub, and stdin if
// asked for) and watch, which ends all of it when the process ends. Locks are
// taken in the order execution.mu, session.mu; sendMu is taken alone.
type session struct {
	local    *Local
	id       string
	language string
	message  bool // interrupt by message, not by signal
	quirk    quirk
	proc     Process
	conn     *connection
	name     string // of the Jupyter session; also the identity of our sockets

	iopub, shell, stdin *zmtp.Conn // stdin may be nil
	readers             sync.WaitGroup

	sendMu sync.Mutex
	codec  *wire.Codec // guarded by sendMu; each reader has its own

	serial   atomic.Int64 // of message ids
	odd      sync.Once    // a message was dropped and it was said
	lost     chan error   // cap 1: why a connection broke
	sawFlags atomic.Uint32
	replied  chan struct{} // closed when kernel_info_reply was seen
	ready    chan struct{} // closed when iopub was heard as well
	done     chan struct{}

	mu      sync.Mutex // guards the rest
	running map[string]*execution
	asking  question // the input_request that has no answer yet
	closing bool     // shutdown was asked for
	err     error
}

var _ Kernel = (*session)(nil)

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

func (s *session) ID() string            { return s.id }
func (s *session) Language() string      { return s.language }
func (s *session) Done() <-chan struct{} { return s.done }

func (s *session) Err() error {
	select {
	case <-s.done:
	default:
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

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

// nextID returns a message id that no other session has.
func (s *session) nextID() string {
	return string(wire.AppendID(nil, s.name, s.serial.Add(1)))
}

func (s *session) send(c *zmtp.Conn, m wire.Message) error {
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	return c.WriteMessage(s.codec.Encode(m)...)
}

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

// bury finishes what ran, oldest first.
func (s *session) bury(cause error) {
	s.mu.Lock()
	left := s.running
	s.running, s.err = nil, cause
	s.mu.Unlock()
	for _, e := range bySerial(left) {
		e.die(cause)
	}
}

func (s *session) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
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
