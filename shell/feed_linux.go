package shell

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// feed is the script of the shell of a session: a file without a name that
// grows by a part for each run. bash reads a file in blocks, but a pipe byte by
// byte, because its children could want the rest of it.
//
// At the end of its part the shell waits at a gate, for behind it is the end of
// the file, where a shell ends.
type feed struct {
	file   *os.File
	mu     sync.Mutex // guards what follows
	start  int64      // of the last part
	end    int64
	freed  int64 // below it the file takes no memory
	gate   gate  // where the shell is, or comes to next
	next   gate  // made in advance, or none
	passed gate  // the one before, where it may still be until it reports
	closed bool
}

// gate is a pipe that a shell reads until its end, which comes when the writing
// end is closed: by this process, or with it.
type gate struct{ r, w int }

func newGate() (gate, error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return gate{}, fmt.Errorf("make pipe: %w", err)
	}
	return gate{fds[0], fds[1]}, nil
}

// path is where the shell opens it.
func (g gate) path() string { return descriptorPath(uintptr(g.r)) }

func closeNumber(fd int) {
	if fd > 0 { // the zero value has none, and 0 is standard input
		_ = unix.Close(fd) // nothing is written to it
	}
}

// newFeed makes a script without a part.
func newFeed() (*feed, error) {
	file, _, err := scriptFile("")
	if err != nil {
		return nil, err
	}
	return &feed{file: file}, nil
}

// push adds a part, which has to wait at the gate that it is given, and lets
// the shell go on with it. It is to be called once the shell has reported the
// end of the part before.
func (f *feed) push(part func(gate) string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return errFeedClosed
	}
	if err := f.makeNext(); err != nil {
		return err
	}
	if err := f.append(part(f.next)); err != nil {
		return err
	}
	closeNumber(f.gate.w)
	closeNumber(f.passed.r)
	f.gate, f.passed, f.next = f.next, gate{r: f.gate.r}, gate{}
	return nil
}

// size is where the next part begins.
func (f *feed) size() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.end
}

// prepare makes in advance what push needs, and forgets what is not needed any
// more. It is best called when nobody waits for the shell.
func (f *feed) prepare() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	_ = f.makeNext() // push tries again
	f.forget()
}

func (f *feed) makeNext() (err error) {
	if f.next == (gate{}) {
		f.next, err = newGate()
	}
	return err
}

// errFeedClosed says that there is no shell any more, whose end tells more.
var errFeedClosed = errors.New("the script of the session is closed")

func (f *feed) append(text string) error {
	if _, err := f.file.WriteAt([]byte(text), f.end); err != nil {
		return fmt.Errorf("write script of session: %w", err)
	}
	f.start, f.end = f.end, f.end+int64(len(text))
	return nil
}

// seal makes the script one that no shell executes from its beginning, as the
// one that reads it could by its own descriptor: it would do all of its runs
// again, and report their ends. bash takes a file with more than 256 NULs for
// a program. It is to be called once the first part has been read.
func (f *feed) seal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closed && f.end >= sealSize {
		_, _ = f.file.WriteAt(make([]byte, sealSize), 0) // a shell that is not kept from that only harms itself
	}
}

const sealSize = 512

// forgetSize is how much text that has been read is given back at once.
const forgetSize = 64 << 10

// forget gives back the memory of what is in front of the last part.
func (f *feed) forget() {
	n := (f.start - f.freed) / forgetSize * forgetSize
	if n == 0 {
		return
	}
	// Where it cannot be given back it is kept.
	_ = unix.Fallocate(int(f.file.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, f.freed, n)
	f.freed += n
}

// close lets the shell find its end, if it still reads. It is idempotent.
func (f *feed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for _, fd := range []int{f.gate.w, f.gate.r, f.next.w, f.next.r, f.passed.r} {
		closeNumber(fd)
	}
	f.gate, f.next, f.passed = gate{}, gate{}, gate{}
	_ = f.file.Close() // nothing is read from it here
}
