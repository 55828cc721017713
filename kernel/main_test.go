package kernel_test

import (
	"context"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"execd/kernel"
	"execd/kernel/kerneltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must come; it is never reached
// when the code works.
const patience = 30 * time.Second

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// recorder is a Handler that keeps everything.
type recorder struct {
	mu      sync.Mutex
	outputs []kernel.Output
	changed chan struct{} // cap 1
	result  kernel.Result
	times   int
	done    chan struct{}
}

func newRecorder() *recorder {
	return &recorder{changed: make(chan struct{}, 1), done: make(chan struct{})}
}

func (r *recorder) Output(o kernel.Output) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.times > 0 {
		panic("output after Finished")
	}
	r.outputs = append(r.outputs, o)
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

func (r *recorder) Finished(result kernel.Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.times++
	if r.times > 1 {
		panic("finished twice")
	}
	r.result = result
	close(r.done)
}

// wait returns the result once there is one.
func (r *recorder) wait(t *testing.T) kernel.Result {
	t.Helper()
	select {
	case <-r.done:
	case <-time.After(patience):
		t.Fatalf("not finished; outputs so far: %.2000v", r.all())
	}
	return r.result
}

// await returns the first output of a kind, waiting for it.
func (r *recorder) await(t *testing.T, kind kernel.Kind) kernel.Output {
	t.Helper()
	for {
		for _, o := range r.all() {
			if o.Kind == kind {
				return o
			}
		}
		select {
		case <-r.changed:
		case <-time.After(patience):
			t.Fatalf("no %s; outputs so far: %.2000v", kind, r.all())
		}
	}
}

func (r *recorder) all() []kernel.Output {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]kernel.Output(nil), r.outputs...)
}

// only returns the outputs of a kind.
func (r *recorder) only(kind kernel.Kind) []kernel.Output {
	var list []kernel.Output
	for _, o := range r.all() {
		if o.Kind == kind {
			list = append(list, o)
		}
	}
	return list
}

// text returns what was streamed to name.
func (r *recorder) text(name string) string {
	var b strings.Builder
	for _, o := range r.only(kernel.KindStream) {
		if o.Name == name {
			b.WriteString(o.Text)
		}
	}
	return b.String()
}

// begin executes code and does not wait.
func begin(t *testing.T, k kernel.Kernel, code string) *recorder {
	t.Helper()
	r := newRecorder()
	if err := k.Execute(kernel.Request{Code: code, StoreHistory: true}, r); err != nil {
		t.Fatalf("execute %q: %v", code, err)
	}
	return r
}

// execute executes code and waits for its end.
func execute(t *testing.T, k kernel.Kernel, code string) (*recorder, kernel.Result) {
	t.Helper()
	r := begin(t, k, code)
	result := r.wait(t)
	return r, result
}

// newLocal returns a provider of fake kernels that ends with the test.
func newLocal(t *testing.T, f *kerneltest.Fake, cfg kernel.Config, specs ...kerneltest.Spec) *kernel.Local {
	t.Helper()
	data, err := kerneltest.Install(t.TempDir(), specs...)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Launch == nil {
		cfg.Launch = f.Launch
	}
	cfg.Env = append(cfg.Env, "JUPYTER_PATH="+data)
	if cfg.RuntimeDir == "" {
		cfg.RuntimeDir = t.TempDir()
	}
	l := kernel.NewLocal(cfg)
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return l
}

func start(t *testing.T, p kernel.Provider, spec kernel.StartSpec) kernel.Kernel {
	t.Helper()
	k, err := p.Start(deadline(t), spec)
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	return k
}

// startFake starts a kernel of f.
func startFake(t *testing.T, f *kerneltest.Fake, cfg kernel.Config) kernel.Kernel {
	t.Helper()
	return start(t, newLocal(t, f, cfg), kernel.StartSpec{Language: kerneltest.Name})
}

// process is a kernel.Process over os/exec.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	text string
}

func (p *process) Pid() int                        { return p.cmd.Process.Pid }
func (p *process) Signal(sig syscall.Signal) error { return syscall.Kill(-p.Pid(), sig) }
func (p *process) Kill()                           { _ = syscall.Kill(-p.Pid(), syscall.SIGKILL) }
func (p *process) Done() <-chan struct{}           { return p.done }
func (p *process) ExitText() string                { return p.text }

// output is an io.Writer that can be compared, so that stdout and stderr share
// one pipe.
type output struct{ f func([]byte) }

func (o *output) Write(p []byte) (int, error) {
	o.f(p)
	return len(p), nil
}

// launch is a kernel.Launcher over os/exec.
func launch(spec kernel.LaunchSpec) (kernel.Process, error) {
	cmd := exec.Command(spec.Argv[0], spec.Argv[1:]...)
	cmd.Dir, cmd.Env = spec.Dir, spec.Env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out := &output{spec.Output}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait()
		p.text = cmd.ProcessState.String()
		close(p.done)
	}()
	return p, nil
}
