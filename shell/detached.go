//go:build unix

package shell

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// pumpFlow delivers a flow without the poller, which is told of each write to
// a pipe that it watches, also while nobody waits for one. It reports false at
// the end of the file, or when that was closed.
func (s *source) pumpFlow(fd int, nap time.Duration, deliver func([]byte)) (goesOn bool) {
	attached := false
	p := s.newSiphon()
	defer p.close()
	defer func() {
		if !attached {
			_ = syscall.Close(fd) // only read from
		}
	}()
	for {
		time.Sleep(nap)
		nap = 0
		if s.disturbed() {
			break
		}
		found := p.read(fd, deliver)
		if found == pipeEnded {
			return false
		}
		if found == pipeEmpty {
			if nap = s.flow.empty(time.Now()); nap == 0 {
				break
			}
		}
	}
	attached = s.attach(fd)
	return attached
}

// disturbed reports whether somebody wants something of the pump.
func (s *source) disturbed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draining || s.closed
}

// detach takes the pipe away from the poller.
func (s *source) detach() (fd int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	raw, err := s.file.SyscallConn()
	if err != nil {
		return 0, false
	}
	cerr := raw.Control(func(old uintptr) { fd, err = duplicate(old) })
	if err != nil || cerr != nil {
		return 0, false
	}
	_ = s.file.Close() // only read from
	s.file = nil
	return fd, true
}

// duplicate is another descriptor of the same file, which children do not
// inherit.
func duplicate(fd uintptr) (int, error) {
	return unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) //nolint:wrapcheck // the caller says what it was for
}

// attach gives it back, and reports whether it is still open.
func (s *source) attach(fd int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.file = os.NewFile(uintptr(fd), "|0")
	if s.draining {
		_ = s.file.SetReadDeadline(past) // it is a pipe
	}
	return true
}
