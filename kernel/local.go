package kernel

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// Config of a Local. Launch and RuntimeDir are required.
type Config struct {
	Launch     Launcher
	RuntimeDir string // for connection files and sockets; made if missing; keep the path short

	// Env is the environment kernels inherit and kernels are looked for with:
	// PATH, JUPYTER_PATH, HOME, VIRTUAL_ENV. The daemon's own if nil.
	Env []string

	Order Order // of the kernelspecs of one language

	StartTimeout  time.Duration // 60 s if 0: a JVM or a cold disk takes 10 s, a broken kernel forever
	ShutdownGrace time.Duration // for a kernel to end when asked, before SIGTERM; 2 s if 0
	Grace         time.Duration // for the idle after the reply and the reply after the idle; 250 ms if 0, so that a run ends within a second
	FrameLimit    int64         // of one message; zmtp.DefaultFrame if 0

	// Logf is told of messages that are dropped, once per kernel; may be nil.
	Logf func(format string, args ...any)
}

func (c Config) withDefaults() Config {
	if c.Env == nil {
		c.Env = os.Environ()
	}
	if c.StartTimeout <= 0 {
		c.StartTimeout = 60 * time.Second
	}
	if c.ShutdownGrace <= 0 {
		c.ShutdownGrace = 2 * time.Second
	}
	if c.Grace <= 0 {
		c.Grace = 250 * time.Millisecond
	}
	if c.Logf == nil {
		c.Logf = func(string, ...any) {}
	}
	return c
}

// Local is the Provider that starts kernels as processes of this machine and
// speaks to them directly. Use NewLocal.
type Local struct {
	cfg  Config
	env  environ
	stop context.CancelCauseFunc
	ctx  context.Context // ended by Close; ends the Starts that are under way

	ports portBook

	mu       sync.Mutex // guards the two
	sessions map[*session]struct{}
	closed   bool

	starts sync.WaitGroup // Add under mu while not closed
}

var _ Provider = (*Local)(nil)

// NewLocal returns a Local; it starts nothing yet.
func NewLocal(cfg Config) *Local {
	cfg = cfg.withDefaults()
	l := &Local{cfg: cfg, env: parseEnviron(cfg.Env), sessions: make(map[*session]struct{})}
	l.ctx, l.stop = context.WithCancelCause(context.Background())
	return l
}

// Languages implements Provider.
func (l *Local) Languages(ctx context.Context) ([]Language, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return installedLanguages(kernelspecs(l.env), l.cfg.Order), nil
}

// Start implements Provider.
func (l *Local) Start(ctx context.Context, spec StartSpec) (Kernel, error) {
	if !l.enter() {
		return nil, ErrClosed
	}
	defer l.starts.Done()
	chosen, language, err := choose(kernelspecs(l.env), l.cfg.Order, spec.Language)
	if err != nil {
		return nil, err
	}
	late := fmt.Errorf("not ready within %v", l.cfg.StartTimeout)
	ctx, cancel := context.WithTimeoutCause(ctx, l.cfg.StartTimeout, late)
	defer cancel()
	ctx, abort := context.WithCancelCause(ctx)
	defer context.AfterFunc(l.ctx, func() { abort(ErrClosed) })()
	defer abort(nil)

	st := &starter{l: l, spec: spec, chosen: &chosen, language: language}
	s, err := st.start(ctx)
	if err != nil && st.portTaken(err) {
		s, err = st.start(ctx)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (l *Local) enter() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.starts.Add(1)
	}
	return !l.closed
}

func (l *Local) remember(s *session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sessions[s] = struct{}{}
}

func (l *Local) forget(s *session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.sessions, s)
}

// Close implements Provider. It takes no longer than the slowest kernel.
func (l *Local) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.stop(ErrClosed)
	l.starts.Wait()

	l.mu.Lock()
	left := make([]*session, 0, len(l.sessions))
	for s := range l.sessions {
		left = append(left, s)
	}
	l.mu.Unlock()
	errs := make([]error, len(left))
	var wg sync.WaitGroup
	for i, s := range left {
		wg.Go(func() { errs[i] = s.Shutdown(context.Background()) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
