//go:build unix

package shell

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Process is a started process. All methods may be called from any goroutine;
// Run is to be called once.
type Process struct {
	child   *child
	id      string // Command.ID
	started time.Time
	sources [streams]*source

	exited     chan struct{}
	outputDone chan struct{}
	open       atomic.Int32 // sources that may still deliver
	fault      atomic.Pointer[any]

	mu     sync.Mutex
	exit   Exit
	over   bool // the leader has exited
	holds  int  // why the leader is not reaped yet: Run and everybody who signals
	reaped bool
}

// Start starts a process. Its output waits in the pipes until Run.
func Start(c Command) (*Process, error) {
	if len(c.Argv) == 0 {
		return nil, errors.New("start process: no program given")
	}
	path, err := lookPath(c.Argv[0], pathOf(c.Env))
	if err != nil {
		return nil, fmt.Errorf("start process: %w", err)
	}
	stdin, err := standardInput(c)
	if err != nil {
		return nil, err
	}
	p := &Process{
		id: c.ID, holds: 1,
		exited: make(chan struct{}), outputDone: make(chan struct{}),
	}
	ends, err := p.pipes(c)
	if err != nil {
		return nil, err
	}
	files := append([]uintptr{stdin}, ends...)
	for _, f := range c.Files {
		files = append(files, f.Fd())
	}
	p.child, err = spawn(path, c, files)
	closeEnds(c, ends)
	if err != nil {
		p.CloseOutput()
		return nil, startError(path, c, err)
	}
	p.started = time.Now()
	return p, nil
}

// pipes makes the pipes for output, and returns the ends for stdout and
// stderr of the process.
func (p *Process) pipes(c Command) ([]uintptr, error) {
	if c.Terminal != nil {
		fd := c.Terminal.Fd()
		close(p.outputDone)
		return []uintptr{fd, fd}, nil
	}
	out, w, err := newSource()
	if err != nil {
		return nil, err
	}
	p.sources[Stdout] = out
	p.open.Store(1)
	if c.Join {
		return []uintptr{w, w}, nil
	}
	errs, we, err := newSource()
	if err != nil {
		out.close()
		_ = syscall.Close(int(w)) // never used
		return nil, err
	}
	p.sources[Stderr] = errs
	p.open.Store(2)
	return []uintptr{w, we}, nil
}

func closeEnds(c Command, ends []uintptr) {
	if c.Terminal != nil {
		return
	}
	for i, fd := range ends {
		if i == 0 || fd != ends[0] {
			_ = syscall.Close(int(fd)) // the process has its own
		}
	}
}

var devNull = sync.OnceValues(func() (*os.File, error) { return os.Open(os.DevNull) })

func standardInput(c Command) (uintptr, error) {
	switch {
	case c.Terminal != nil:
		return c.Terminal.Fd(), nil
	case c.Stdin != nil:
		return c.Stdin.Fd(), nil
	}
	f, err := devNull()
	if err != nil {
		return 0, fmt.Errorf("start process: %w", err)
	}
	return f.Fd(), nil
}

func pathOf(env []string) string {
	if path, ok := lookupIn(env)("PATH"); ok {
		return path
	}
	return os.Getenv("PATH")
}

// startError says what was wrong: the kernel's error number is the same for a
// missing program and a missing directory.
func startError(path string, c Command, err error) error {
	if c.Dir != "" {
		if _, dirErr := os.Stat(c.Dir); dirErr != nil {
			return fmt.Errorf("start process in %s: %w", c.Dir, bare(dirErr))
		}
	}
	if c.Credential != nil && errors.Is(err, syscall.EPERM) {
		return fmt.Errorf("start process as user %d: %w", c.Credential.UID, err)
	}
	return fmt.Errorf("start %s: %w", path, err)
}

// Pid is the id of the leader, of its process group and of its session.
func (p *Process) Pid() int { return p.child.pid }

// Started is when the process began.
func (p *Process) Started() time.Time { return p.started }

// Exited is closed when the leader has exited. Its output may not have been
// delivered yet; Run returns when it has.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// OutputDone is closed when nobody holds the output any more, or after
// CloseOutput.
func (p *Process) OutputDone() <-chan struct{} { return p.outputDone }

// CloseOutput stops reading output; who writes more gets SIGPIPE.
func (p *Process) CloseOutput() {
	for _, s := range p.sources {
		if s != nil {
			s.close()
		}
	}
}

// drainGrace is how long the end of a process waits for others that hold its
// output and are about to end too, as those of a process substitution are.
const drainGrace = 25 * time.Millisecond

// Run delivers the output to sink, and returns how the leader ended when that
// and all it wrote has been delivered. Output of those that it left behind
// is delivered after that too, until OutputDone. A panic in sink ends the
// process and goes on in Run.
func (p *Process) Run(sink Sink) Exit {
	for i, s := range p.sources {
		if s != nil {
			go p.pump(Stream(i), s, sink)
		}
	}
	exit := p.child.wait()
	p.mu.Lock()
	p.exit, p.over = exit, true
	p.mu.Unlock()
	close(p.exited)
	p.drain()
	p.release()
	if fault := p.fault.Load(); fault != nil {
		panic(*fault)
	}
	return exit
}

func (p *Process) pump(i Stream, s *source, sink Sink) {
	defer func() {
		if reason := recover(); reason != nil {
			p.fault.CompareAndSwap(nil, &reason)
			_ = p.Signal(syscall.SIGKILL) // its output can be kept no longer
		}
		s.end()
		if p.open.Add(-1) == 0 {
			close(p.outputDone)
		}
	}()
	s.pump(func(b []byte) { sink.Output(i, b) })
}

// drain returns when everything that the leader wrote has been delivered.
func (p *Process) drain() {
	for _, s := range p.sources {
		if s != nil {
			s.drain()
		}
	}
	if p.open.Load() == 0 {
		return
	}
	grace := time.NewTimer(drainGrace)
	defer grace.Stop()
	select {
	case <-p.outputDone:
	case <-grace.C:
	}
}

// hold keeps the leader from being reaped, and with it its ids from being
// given to others. It reports false where that has happened.
func (p *Process) hold() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reaped {
		return false
	}
	p.holds++
	return true
}

func (p *Process) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.holds--; p.holds == 0 && p.over && !p.reaped {
		p.reaped = true
		p.child.reap()
	}
}

func (p *Process) hasExited() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over
}
