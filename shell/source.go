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
	alone   bool // nobody else uses the file
	grown   bool
	flow    flow
	take    func(pipe, n int) int // see Taker; nil for none
	drained chan struct{}         // closed when what was in the pipe at the leader's exit is delivered
	ended   chan struct{}         // closed when nothing will be delivered any more

	mu       sync.Mutex // of what follows; the pump, who alone changes file, reads it without
	file     *os.File   // nil while the pump has a descriptor of its own
	draining bool
	closed   bool
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
	s := sourceOf(r)
	s.alone = true
	return s, uintptr(w), nil
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
	for {
		nap, flows := s.pumpPolled(deliver)
		if !flows {
			return
		}
		fd, ok := s.detach()
		if !ok { // there are no descriptors left, or it is closed
			s.alone = false
			continue
		}
		if !s.pumpFlow(fd, nap, deliver) {
			return
		}
	}
}

// pumpPolled delivers as the poller says that there is something. It reports
// whether to go on with pumpFlow, after a nap, and otherwise this was the end.
func (s *source) pumpPolled(deliver func([]byte)) (nap time.Duration, flows bool) {
	raw, err := s.file.SyscallConn()
	if err != nil {
		return 0, false // closed before it began
	}
	for {
		found := pipeEmpty
		err := raw.Read(func(fd uintptr) bool {
			found, nap = s.read(int(fd), deliver, turn), 0
			if found == pipeEmpty {
				nap = s.flow.empty(time.Now())
			}
			return found != pipeEmpty || nap > 0
		})
		switch {
		case found == pipeEnded:
			return 0, false
		case errors.Is(err, os.ErrDeadlineExceeded):
			if s.catchUp(raw, deliver) {
				return 0, false
			}
		case err != nil:
			return 0, false
		case s.alone && (nap > 0 || s.flow.large()):
			return nap, true
		default:
			time.Sleep(nap)
		}
	}
}

// catchUp reads what is in the pipe now, for drain. It reports the end of the
// file.
func (s *source) catchUp(raw syscall.RawConn, deliver func([]byte)) bool {
	found := pipeEmpty
	if err := s.file.SetReadDeadline(time.Time{}); err != nil {
		return true // closed
	}
	err := raw.Control(func(fd uintptr) { found = s.read(int(fd), deliver, capacity(int(fd))) })
	s.mu.Lock()
	s.draining = false
	s.mu.Unlock()
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
	if !s.interrupt() {
		<-s.ended // closed: the pump is on its way out
		return
	}
	select {
	case <-s.drained:
	case <-s.ended:
	}
}

// interrupt has the pump catch up, wherever it is.
func (s *source) interrupt() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	return !s.closed && (s.file == nil || s.file.SetReadDeadline(past) == nil)
}

// past wakes who waits until then.
var past = time.Unix(1, 0)

func (s *source) end() {
	s.close()
	close(s.ended)
}

func (s *source) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed && s.file != nil {
		_ = s.file.Close() // only read from
	}
	s.closed = true
}
