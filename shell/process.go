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

// Process is a started process. All methods may be called from any goroutine;
// Run is to be called once.
type Process struct {
	child   *child
	id      string // Command.ID
	started time.Time
	out     *outlet

	exited chan struct{}

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
	c, done, err := c.withLongScript()
	if err != nil {
		return nil, err
	}
	defer done()
	stdin, err := standardInput(c)
	if err != nil {
		return nil, err
	}
	p := &Process{id: c.ID, holds: 1, exited: make(chan struct{})}
	var ends []uintptr
	if p.out, ends, err = newOutlet(c.Join, c.Terminal != nil || c.Quiet); err != nil {
		return nil, err
	}
	files := append([]uintptr{stdin}, ends...)
	for len(files) <= int(streams) {
		files = append(files, quietEnd(c, stdin, Stream(len(files)-1)))
	}
	for _, f := range c.Files {
		files = append(files, f.Fd())
	}
	p.child, err = spawn(path, c, files)
	closeEnds(ends)
	if err != nil {
		p.out.close()
		return nil, startError(path, c, err)
	}
	p.started = time.Now()
	return p, nil
}

// closeEnds lets go of the ends that the process has copies of.
func closeEnds(ends []uintptr) {
	for i, fd := range ends {
		if i == 0 || fd != ends[0] {
			_ = syscall.Close(int(fd)) // never written to
		}
	}
}

var devNull = sync.OnceValues(func() (*os.File, error) { return os.OpenFile(os.DevNull, os.O_RDWR, 0) })

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

// quietEnd is where a process prints to that has no pipes: its terminal, or
// nowhere.
func quietEnd(c Command, stdin uintptr, s Stream) uintptr {
	switch {
	case c.Terminal != nil:
		return stdin
	case s == Stdout && c.Stdout != nil:
		return c.Stdout.Fd()
	}
	f, err := devNull()
	if err != nil {
		return stdin
	}
	return f.Fd()
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
	if c.Credential != nil && c.Dir != "" && errors.Is(err, syscall.EACCES) { // which of the two the kernel does not tell
		return fmt.Errorf("start %s in %s as user %d: %w", path, c.Dir, c.Credential.UID, err)
	}
	return fmt.Errorf("start %s: %w", path, err)
}

// Pid is the id of the leader, of its process group and of its session.
func (p *Process) Pid() int { return p.child.pid }

// Started is when the process began.
func (p *Process) Started() time.Time { return p.started }

// Usage is what has been used until now, and how many processes there are, as
// its control group knows it. It reports false where there is none.
func (p *Process) Usage() (u Usage, living int, ok bool) {
	if p.child.group == nil || !p.hold() {
		return u, 0, false
	}
	defer p.release()
	u.readGroup(p.child.group)
	return u, len(p.child.group.pids()), true
}

// Exited is closed when the leader has exited. Its output may not have been
// delivered yet; Run returns when it has.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// OutputDone is closed when nobody holds the output any more, or after
// CloseOutput.
func (p *Process) OutputDone() <-chan struct{} { return p.out.done }

// CloseOutput stops reading output; who writes more gets SIGPIPE.
func (p *Process) CloseOutput() { p.out.close() }

// LeftBehind reports whether a process that has ended may have left others
// behind, as far as that can be told without a look at all there are.
func (p *Process) LeftBehind() bool {
	return len(p.child.group.pids()) > 0 || kill(-p.Pid(), 0) == nil // maybe another group with this id
}

// Run delivers the output to sink, and returns how the leader ended when that
// and all it wrote has been delivered. Output of those that it left behind
// is delivered after that too, until OutputDone. A panic in sink ends the
// process and goes on in Run.
func (p *Process) Run(sink Sink) Exit {
	p.out.run(sink, func() { _ = p.Signal(syscall.SIGKILL) }) // its output can be kept no longer
	exit := p.child.wait()
	exit.Usage.readGroup(p.child.group)
	p.mu.Lock()
	p.exit, p.over = exit, true
	p.mu.Unlock()
	close(p.exited)
	defer p.release()
	p.out.drain()
	return exit
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
	p.holds--
	if p.holds == 0 && p.over && !p.reaped {
		p.reaped = true
		p.child.reap()
	}
}

func (p *Process) hasExited() bool {
	_, over := p.end()
	return over
}

// end is how the leader ended, once it has.
func (p *Process) end() (exit Exit, over bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.exit, p.over
}
