package kernel

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// PoolSizes says how many kernels of a language, by any of its names, are held
// ready.
type PoolSizes map[string]int

// maxPool is far above what a machine has memory for; a number beyond it is a
// slip.
const maxPool = 1000

// ParsePoolSizes reads pairs of a language and a number, as in
// "python=2,bash=1".
func ParsePoolSizes(text string) (PoolSizes, error) {
	sizes := make(PoolSizes)
	for pair := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		language, number, ok := strings.Cut(pair, "=")
		language = Canonical(language)
		n, err := strconv.Atoi(strings.TrimSpace(number))
		if !ok || language == "" || err != nil || n < 0 || n > maxPool {
			return nil, fmt.Errorf("parse %q: want a language, = and a number from 0 to %d", pair, maxPool)
		}
		sizes[language] = n
	}
	return sizes, nil
}

// PoolConfig of a Pool.
type PoolConfig struct {
	Sizes PoolSizes

	// Calm is how long nobody must have taken a kernel before another one is
	// started in its place: a start takes the processor from those who have
	// just got theirs. 100 ms if 0.
	Calm time.Duration

	// Retry is the wait after a spare that died or did not start; each one
	// more doubles it, up to retryMost. 1 s if 0.
	Retry time.Duration

	// Logf is told of spares that died or did not start; may be nil.
	Logf func(format string, args ...any)
}

// again is the wait after so many failures in a row.
func (c PoolConfig) again(failed int) time.Duration {
	return min(c.Retry<<min(failed-1, 16), retryMost)
}

// retryMost is how seldom a kernel that never starts is tried.
const retryMost = time.Minute

// Pool is a Provider that holds started kernels ready, so that Start returns at
// once. They have run nothing that shows. A kernel that wants what only its
// start can give it, and one of a language that has no spare, is started as
// without a pool. Use NewPool.
//
// Goroutines: a keeper per language, which starts spares one after the other,
// and a watcher per spare. All end with Close.
type Pool struct {
	Provider
	cfg PoolConfig

	ctx     context.Context // ended by Close
	stop    context.CancelFunc
	workers sync.WaitGroup
	shelves map[string]*shelf // by language; never changes
}

var _ Provider = (*Pool)(nil)

// NewPool returns a Pool that starts its kernels with p, which belongs to it
// from now on, and begins to.
func NewPool(p Provider, cfg PoolConfig) *Pool {
	if cfg.Calm <= 0 {
		cfg.Calm = 100 * time.Millisecond
	}
	if cfg.Retry <= 0 {
		cfg.Retry = time.Second
	}
	if cfg.Logf == nil {
		cfg.Logf = func(string, ...any) {}
	}
	pool := &Pool{Provider: p, cfg: cfg, shelves: make(map[string]*shelf)}
	pool.ctx, pool.stop = context.WithCancel(context.Background())
	for _, language := range slices.Sorted(maps.Keys(cfg.Sizes)) {
		if cfg.Sizes[language] <= 0 {
			continue
		}
		s := &shelf{language: Canonical(language), size: cfg.Sizes[language], changed: make(chan struct{}, 1)}
		pool.shelves[s.language] = s
		pool.workers.Go(func() { pool.keep(s) })
	}
	return pool
}

// Start implements Provider.
func (p *Pool) Start(ctx context.Context, spec StartSpec) (Kernel, error) {
	if k := p.take(ctx, spec); k != nil {
		return k, nil
	}
	return p.Provider.Start(ctx, spec) //nolint:wrapcheck // it is this method's other half
}

// take returns a spare that is now as if it had been started with the spec, or
// nil.
func (p *Pool) take(ctx context.Context, spec StartSpec) Kernel {
	served, err := p.Lookup(ctx, spec.Language)
	if err != nil {
		return nil
	}
	s := p.shelves[served.Name]
	if s == nil || !spec.fitsLater(served.Name) {
		return nil
	}
	k := s.take(served.Kernel)
	if k == nil {
		return nil
	}
	env := make(environ)
	env.add(spec.Env)
	code, _ := setupCode(served.Name, spec.Dir, env)
	if spec.Dir == "" && len(env) == 0 {
		code = ""
	}
	if err := setUp(ctx, k.Execute, code); err != nil {
		p.cfg.Logf("kernel pool: %s: %v", s.language, err)
		discard(k.Kernel)
		return nil
	}
	return &pooled{k.Kernel, spec.ID}
}

// Languages implements Provider.
func (p *Pool) Languages(ctx context.Context) ([]Language, error) {
	list, err := p.Provider.Languages(ctx)
	for i := range list {
		if s := p.shelves[list[i].Name]; s != nil {
			list[i].Spares = s.count()
		}
	}
	return list, err //nolint:wrapcheck // as above
}

// Close implements Provider.
func (p *Pool) Close() error {
	p.stop()
	err := p.Provider.Close() // with the spares
	p.workers.Wait()
	return err //nolint:wrapcheck // as above
}

// pooled is a former spare under the id that it was asked for with.
type pooled struct {
	Kernel
	id string
}

// ID implements Kernel.
func (k *pooled) ID() string { return k.id }
