package kernel

import (
	"strings"
	"sync"
	"syscall"
)

// Launcher starts the process of a kernel as the leader of a new process
// group. It is injected, so that this package executes nothing by itself.
type Launcher func(LaunchSpec) (Process, error)

// LaunchSpec is the process to start.
type LaunchSpec struct {
	Argv   []string
	Dir    string
	Env    []string
	Output func(p []byte) // gets the process's stdout and stderr; p is not kept
}

// Process is a started kernel process.
type Process interface {
	Pid() int
	Signal(sig syscall.Signal) error // to the process group
	Kill()                           // SIGKILL to the group and every descendant; may be repeated
	Done() <-chan struct{}           // closed when the leader has exited
	ExitText() string                // "exit status 1" or "signal: killed", after Done
}

// tailSize is how much of a kernel's own output is kept to explain why it did
// not start. A Python traceback has about 2 KiB, and its end tells most.
const tailSize = 4 << 10

// tail keeps the end of what is written to it. The zero value is usable, from
// any goroutine.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) write(p []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(p) >= tailSize {
		t.b = append(t.b[:0], p[len(p)-tailSize:]...)
		return
	}
	if over := len(t.b) + len(p) - tailSize; over > 0 {
		t.b = t.b[:copy(t.b, t.b[over:])]
	}
	t.b = append(t.b, p...)
}

func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(strings.ToValidUTF8(string(t.b), "?"))
}
