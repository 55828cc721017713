//go:build unix

package shell

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
)

// source is the reading end of a pipe that a process writes to.
type source struct {
	file    *os.File
	grown   bool
	flow    flow
	drained chan struct{} // closed when what was in the pipe at the leader's exit is delivered
	ended   chan struct{} // closed when nothing will be delivered any more
	closing sync.Once
}

// bufferSize is that of a pipe as Linux makes it: one read empties it.
const bufferSize = 64 << 10

// buffers are shared by all pipes: an idle one holds none.
var buffers = sync.Pool{New: func() any { b := make([]byte, bufferSize); return &b }}

// newSource makes a pipe and returns its writing end as a descriptor, which
// is blocking, as programs expect of their standard output.
func newSource() (*source, uintptr, error) {
	r, w, err := pipe()
	if err != nil {
		return nil, 0, fmt.Errorf("make pipe: %w", err)
	}
	return sourceOf(r), uintptr(w), nil
}

// sourceOf takes the reading end of a pipe, which does not block.
func sourceOf(fd int) *source {
	return &source{
		file:    os.NewFile(uintptr(fd), "|0"),
		drained: make(chan struct{}),
		ended:   make(chan struct{}),
	}
}

// pump delivers until the end of the file, or until it is closed.
func (s *source) pump(deliver func([]byte)) {
	raw, err := s.file.SyscallConn()
	if err != nil {
		return // closed before it began
	}
	for {
		found := pipeEmpty
		err := raw.Read(func(fd uintptr) bool {
			found = s.read(int(fd), deliver, turn)
			if found == pipeEmpty && s.gather() {
				found = pipeHasMore
			}
			return found != pipeEmpty
		})
		switch {
		case found == pipeEnded:
			return
		case errors.Is(err, os.ErrDeadlineExceeded):
			if s.catchUp(raw, deliver) {
				return
			}
		case err != nil:
			return
		}
	}
}

// gather reports whether it has let more come than there is in the pipe.
func (s *source) gather() bool {
	nap := s.flow.empty(time.Now())
	time.Sleep(nap)
	return nap > 0
}

// catchUp reads what is in the pipe now, for drain. It reports the end of the
// file.
func (s *source) catchUp(raw syscall.RawConn, deliver func([]byte)) bool {
	found := pipeEmpty
	if err := s.file.SetReadDeadline(time.Time{}); err != nil {
		return true // closed
	}
	err := raw.Control(func(fd uintptr) { found = s.read(int(fd), deliver, capacity(int(fd))) })
	close(s.drained)
	return found == pipeEnded || err != nil
}

// turn is how much is read before drain gets its own: who writes faster than
// it can be delivered never leaves the pipe empty.
const turn = 1 << 20

// pipeState is how read leaves a pipe.
type pipeState int

const (
	pipeEmpty pipeState = iota
	pipeHasMore
	pipeEnded
)

// read delivers until the pipe is empty, or until most bytes have come.
func (s *source) read(fd int, deliver func([]byte), most int) pipeState {
	return readPipe(fd, most, func(p []byte) {
		if len(p) == bufferSize && !s.grown {
			s.grown = true
			grow(fd)
		}
		s.flow.add(len(p))
		deliver(p)
	})
}

// readPipe delivers until the pipe is empty, or until most bytes have come.
func readPipe(fd, most int, deliver func([]byte)) pipeState {
	buf := buffers.Get().(*[]byte) //nolint:forcetypeassert // the pool has nothing else
	defer buffers.Put(buf)
	for got := 0; got < most; {
		n, err := syscall.Read(fd, *buf)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return pipeEmpty
		case err != nil, n <= 0:
			return pipeEnded
		}
		deliver((*buf)[:n])
		got += n
	}
	return pipeHasMore
}

// drain returns when everything that was in the pipe has been delivered. It
// is to be called once.
func (s *source) drain() {
	// A deadline in the past wakes the pump, wherever it is.
	if err := s.file.SetReadDeadline(time.Unix(1, 0)); err != nil {
		<-s.ended // closed: the pump is on its way out
		return
	}
	select {
	case <-s.drained:
	case <-s.ended:
	}
}

func (s *source) end() {
	s.close()
	close(s.ended)
}

func (s *source) close() {
	s.closing.Do(func() { _ = s.file.Close() }) // only read from
}
