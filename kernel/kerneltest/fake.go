package kerneltest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"

	"execd/kernel"
	"execd/kernel/zmtp"
)

// Name is the kernelspec and the language that Install installs.
const Name = "fake"

// Fake makes fake kernels. The zero value is usable. Set the fields before the
// first Launch.
type Fake struct {
	// Execute runs a cell; nil means Cell.Run.
	Execute func(*Cell)

	// BeforeListen is called before a kernel listens; one that returns an
	// error exits instead, with the error as its output.
	BeforeListen func(kernel.LaunchSpec) error

	// Silent is called instead of answering a kernel_info_request.
	Silent func()

	// Stubborn kernels end by Kill only: they answer a shutdown_request and
	// stay.
	Stubborn bool

	// Deaf kernels do not answer on control.
	Deaf bool

	mu       sync.Mutex
	launched []*Process
}

// Spec is a kernelspec to install.
type Spec struct {
	Name          string // Name if empty
	Language      string // the name if empty
	Program       string // argv[0]; the name if empty
	InterruptMode string
	Env           map[string]string
}

// Install writes kernelspecs below dir and returns the entry for JUPYTER_PATH;
// without specs it writes the one called Name.
func Install(dir string, specs ...Spec) (string, error) {
	if len(specs) == 0 {
		specs = []Spec{{}}
	}
	data := filepath.Join(dir, "share", "jupyter")
	for _, s := range specs {
		s = s.withDefaults()
		b, err := json.Marshal(map[string]any{
			"argv":           []string{s.Program, "{connection_file}", "{resource_dir}", "{prefix}"},
			"display_name":   "Fake " + s.Name,
			"language":       s.Language,
			"interrupt_mode": s.InterruptMode,
			"env":            s.Env,
		})
		if err != nil {
			return "", err
		}
		home := filepath.Join(data, "kernels", s.Name)
		if err := os.MkdirAll(home, 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(home, "kernel.json"), b, 0o644); err != nil {
			return "", err
		}
	}
	return data, nil
}

func (s Spec) withDefaults() Spec {
	if s.Name == "" {
		s.Name = Name
	}
	if s.Language == "" {
		s.Language = s.Name
	}
	if s.Program == "" {
		s.Program = s.Name
	}
	return s
}

// Launched returns the kernels so far, oldest first.
func (f *Fake) Launched() []*Process {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]*Process(nil), f.launched...)
}

// pids are above what Linux gives (PID_MAX_LIMIT is 2^22), so that a signal
// sent to one by mistake hits nobody.
var pids atomic.Int64

// Launch is a kernel.Launcher.
func (f *Fake) Launch(spec kernel.LaunchSpec) (kernel.Process, error) {
	p := &Process{
		Spec:      spec,
		fake:      f,
		pid:       1<<22 + int(pids.Add(1)),
		done:      make(chan struct{}),
		interrupt: make(chan struct{}, 1),
		requests:  make(chan request, 1024),
		inputs:    make(chan string, 16),
		asked:     make(chan struct{}),
	}
	f.mu.Lock()
	f.launched = append(f.launched, p)
	f.mu.Unlock()
	go p.boot()
	return p, nil
}

// Process is a fake kernel.
type Process struct {
	Spec kernel.LaunchSpec

	fake      *Fake
	pid       int
	conn      connection
	done      chan struct{}
	interrupt chan struct{} // cap 1
	requests  chan request
	inputs    chan string   // values of input_reply
	asked     chan struct{} // closed when there is a peer on stdin

	mu      sync.Mutex // guards the rest
	closers []func()   // run when it dies
	subs    []*subscriber
	askers  []*zmtp.Conn // peers on stdin
	text    string
	dead    bool
	signals []syscall.Signal
}

var _ kernel.Process = (*Process)(nil)

// Pid implements kernel.Process.
func (p *Process) Pid() int { return p.pid }

// Done implements kernel.Process.
func (p *Process) Done() <-chan struct{} { return p.done }

// ExitText implements kernel.Process.
func (p *Process) ExitText() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text
}

// Signal implements kernel.Process: SIGINT interrupts, the others kill.
func (p *Process) Signal(sig syscall.Signal) error {
	p.mu.Lock()
	p.signals = append(p.signals, sig)
	p.mu.Unlock()
	switch {
	case sig == syscall.SIGINT:
		p.poke()
	case !p.fake.Stubborn:
		p.Exit("signal: " + sig.String())
	}
	return nil
}

// Signals returns what was sent so far.
func (p *Process) Signals() []syscall.Signal {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]syscall.Signal(nil), p.signals...)
}

// Kill implements kernel.Process.
func (p *Process) Kill() { p.Exit("signal: killed") }

// Exit ends the kernel: its sockets close, then Done does. The first text
// counts.
func (p *Process) Exit(text string) {
	p.mu.Lock()
	if p.dead {
		p.mu.Unlock()
		return
	}
	p.dead, p.text = true, text
	closers := p.closers
	p.mu.Unlock()
	for _, c := range closers {
		c()
	}
	close(p.done)
}

// Disconnect closes all sockets and leaves the process alive.
func (p *Process) Disconnect() {
	p.mu.Lock()
	closers := p.closers
	p.mu.Unlock()
	for _, c := range closers {
		c()
	}
}

// onExit arranges for c; it reports false if the kernel is dead already.
func (p *Process) onExit(c func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.dead {
		p.closers = append(p.closers, c)
	}
	return !p.dead
}

func (p *Process) poke() {
	select {
	case p.interrupt <- struct{}{}:
	default:
	}
}

// boot reads the connection file, listens and serves.
func (p *Process) boot() {
	if f := p.fake.BeforeListen; f != nil {
		if err := f(p.Spec); err != nil {
			p.fail(err)
			return
		}
	}
	if err := p.listen(); err != nil {
		p.fail(err)
		return
	}
	p.work()
}

func (p *Process) fail(err error) {
	if p.Spec.Output != nil {
		p.Spec.Output([]byte(fmt.Sprintf("%v\n", err)))
	}
	p.Exit("exit status 1")
}
