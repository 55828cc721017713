package shell

import (
	"fmt"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// lane is a pipe that the runs of a session print into, one after the other.
// The shell opens it for each by the path of its reading end, and this process
// has no other. So the end of the file, at the end of a run, says that nobody
// holds it any more, and that it can be the next run's.
//
// Most runs are over at once, and all that they print is in the pipe then. So
// nobody waits for it to be readable, which would cost a wake-up each time that
// it is opened and closed, before a run has lasted for a moment.
type lane struct {
	fd   int
	path string // where the shell opens it

	source *source // of a run that lasts; else nil
	raw    syscall.RawConn

	mu     sync.Mutex   // of who reads: the pump, or the end of a run
	sink   func([]byte) // of the run; nil between two
	failed func()       // likewise, called after a panic in it
	fault  *any
	left   bool          // to a run that is over: it ends with the file
	hungUp chan struct{} // if set, closed at the end of the file
}

func newLane() (*lane, error) {
	r, w, err := pipe()
	if err != nil {
		return nil, fmt.Errorf("make pipe: %w", err)
	}
	_ = unix.Close(w) // nothing was written to it
	return &lane{fd: r, path: descriptorPath(uintptr(r))}, nil
}

// begin gives the lane to a run.
func (l *lane) begin(sink func([]byte), failed func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sink, l.failed = sink, failed
}

// follow delivers what comes from now on.
func (l *lane) follow() {
	l.source = sourceOf(l.fd)
	raw, err := l.source.file.SyscallConn()
	if err != nil {
		panic(err) // the file is open
	}
	l.raw = raw
	go l.pump()
}

// pump delivers until the lane is closed, or at its end if it was left.
func (l *lane) pump() {
	defer l.source.end()
	for {
		found := pipeEmpty
		err := l.raw.Read(func(fd uintptr) bool {
			found = l.read(int(fd), turn)
			if found == pipeEmpty && l.gather() {
				found = pipeHasMore
			}
			return found == pipeHasMore || found == pipeEnded && l.isLeft()
		})
		if err != nil || found == pipeEnded {
			return
		}
	}
}

// read delivers what there is, or until most bytes have come. A panic in the
// sink is kept for drain.
func (l *lane) read(fd, most int) pipeState {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer func() {
		if reason := recover(); reason != nil {
			l.fault, l.sink = &reason, nil
			l.failed()
		}
	}()
	found := l.take(fd, most)
	if found == pipeEnded && l.hungUp != nil {
		close(l.hungUp)
		l.hungUp = nil
	}
	return found
}

func (l *lane) take(fd, most int) pipeState {
	if l.source != nil {
		return l.source.read(fd, l.deliver, most)
	}
	return readPipe(fd, most, l.deliver)
}

func (l *lane) deliver(p []byte) {
	if l.sink != nil {
		l.sink(p)
	}
}

// gather reports whether it has let more come than there is in the pipe.
func (l *lane) gather() bool {
	l.mu.Lock()
	nap := l.source.flow.empty(time.Now())
	l.mu.Unlock()
	time.Sleep(nap)
	return nap > 0
}

func (l *lane) isLeft() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.left
}

// drain delivers what was in the pipe when it is called, and reports whether
// that was all there will be for now: nobody holds the other end. A panic of
// the sink goes on here.
func (l *lane) drain() bool {
	found := pipeEnded
	if l.source == nil {
		found = l.read(l.fd, grownSize)
	} else if l.raw.Control(func(fd uintptr) { found = l.read(int(fd), grownSize) }) != nil {
		<-l.source.ended // closed: the pump is on its way out
	}
	l.mu.Lock()
	fault := l.fault
	l.mu.Unlock()
	if fault != nil {
		panic(*fault)
	}
	return found == pipeEnded
}

// drainUntil is drain that waits for the end of the file, but not beyond over.
// Somebody has to follow the lane.
func (l *lane) drainUntil(over <-chan struct{}) bool {
	hungUp := make(chan struct{})
	l.mu.Lock()
	l.hungUp = hungUp
	l.mu.Unlock()
	if l.drain() {
		return true
	}
	select {
	case <-hungUp:
		return true
	case <-over:
		return false
	}
}

// release takes the lane from a run that nobody prints for any more, and
// reports whether it is fit for the next one: one that is followed is not.
func (l *lane) release() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sink, l.failed = nil, nil
	return l.source == nil
}

// leave has the lane end with its file.
func (l *lane) leave() {
	l.mu.Lock()
	l.left = true
	l.mu.Unlock()
	if l.drain() { // it did before the pump knew
		l.close()
	}
}

func (l *lane) close() {
	if l.source != nil {
		l.source.close()
		return
	}
	_ = unix.Close(l.fd) // only read from
}
