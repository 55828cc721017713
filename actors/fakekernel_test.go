package actors_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"execd/kernel"
)

// fakeProvider starts kernels that do what their code says: "block" runs
// until it is interrupted, "stubborn" ignores interrupts, "die" kills the
// kernel, "print X" prints X; anything else succeeds. Each cell takes cellCPU.
type fakeProvider struct {
	mu    sync.Mutex
	alive map[*fakeKernel]bool
	fail  error
	gate  chan struct{} // Start waits for it, when set
	far   bool          // what its kernels use is not known
}

// cellCPU is for how long a processor works for each cell.
const cellCPU = 100 * time.Millisecond

func newFakeProvider() *fakeProvider { return &fakeProvider{alive: map[*fakeKernel]bool{}} }

func (p *fakeProvider) Languages(context.Context) ([]kernel.Language, error) {
	return []kernel.Language{{Name: "python"}}, nil
}

func (p *fakeProvider) Lookup(_ context.Context, language string) (kernel.Language, error) {
	if language != "python" {
		return kernel.Language{}, &kernel.NoKernelError{Language: language}
	}
	return kernel.Language{Name: "python"}, nil
}

func (p *fakeProvider) Start(ctx context.Context, spec kernel.StartSpec) (kernel.Kernel, error) {
	if p.gate != nil {
		select {
		case <-p.gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil {
		return nil, p.fail
	}
	k := &fakeKernel{provider: p, id: spec.ID, interrupts: make(chan struct{}, 1), done: make(chan struct{})}
	p.alive[k] = true
	if p.far {
		return struct{ kernel.Kernel }{k}, nil
	}
	return k, nil
}

func (p *fakeProvider) Close() error { return nil }

func (p *fakeProvider) checkAllGone(t *testing.T) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.alive) > 0 {
		t.Errorf("%d kernels are left", len(p.alive))
	}
}

type fakeKernel struct {
	provider   *fakeProvider
	id         string
	interrupts chan struct{}
	done       chan struct{}
	once       sync.Once
	runs       sync.WaitGroup
	used       atomic.Int64 // CPU time
}

var _ kernel.CPUTimer = (*fakeKernel)(nil)

var errKilled = errors.New("kernel exited: signal: killed")

func (k *fakeKernel) ID() string            { return k.id }
func (k *fakeKernel) Language() string      { return "python" }
func (k *fakeKernel) Pid() int              { return os.Getpid() }
func (k *fakeKernel) Input(string) error    { return kernel.ErrNoInput }
func (k *fakeKernel) Done() <-chan struct{} { return k.done }
func (k *fakeKernel) Err() error            { return errKilled }

func (k *fakeKernel) CPUTime() (time.Duration, bool) { return time.Duration(k.used.Load()), true }

func (k *fakeKernel) Interrupt(context.Context) error {
	select {
	case k.interrupts <- struct{}{}:
	default:
	}
	return nil
}

func (k *fakeKernel) Shutdown(context.Context) error {
	k.kill()
	k.runs.Wait()
	return nil
}

func (k *fakeKernel) kill() {
	k.once.Do(func() {
		k.provider.mu.Lock()
		delete(k.provider.alive, k)
		k.provider.mu.Unlock()
		close(k.done)
	})
}

func (k *fakeKernel) Execute(r kernel.Request, h kernel.Handler) error {
	select {
	case <-k.done:
		return kernel.ErrDead
	default:
	}
	k.runs.Go(func() {
		h.Finished(k.run(r.Code, h))
		if r.Code == "faint" {
			k.kill()
		}
	})
	return nil
}

func (k *fakeKernel) run(code string, h kernel.Handler) kernel.Result {
	k.used.Add(int64(cellCPU))
	dead := kernel.Result{Status: kernel.StatusDead, Err: errKilled}
	if text, ok := strings.CutPrefix(code, "print "); ok {
		h.Output(kernel.Output{Kind: kernel.KindStream, Name: "stdout", Text: text + "\n"})
	}
	switch code {
	case "die":
		k.kill()
		return dead
	case "faint": // behind its reply: Done is not closed before Finished was called
		return kernel.Result{Status: kernel.StatusOK, ExecutionCount: 1, Err: kernel.ErrDead}
	case "block":
		h.Output(kernel.Output{Kind: kernel.KindStream, Name: "stdout", Text: "blocking\n"})
		select {
		case <-k.interrupts:
			return kernel.Result{Status: kernel.StatusError, EName: "KeyboardInterrupt"}
		case <-k.done:
			return dead
		}
	case "stubborn":
		h.Output(kernel.Output{Kind: kernel.KindStream, Name: "stdout", Text: "blocking\n"})
		<-k.done
		return dead
	}
	return kernel.Result{Status: kernel.StatusOK, ExecutionCount: 1}
}
