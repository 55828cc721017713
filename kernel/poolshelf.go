package kernel

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// shelf has the spares of one language.
type shelf struct {
	language string
	size     int
	changed  chan struct{} // cap 1: wakes the keeper

	mu     sync.Mutex // guards the rest
	spares []*spare   // oldest first
	taken  time.Time  // when somebody last wanted one
	failed int        // spares in a row that died or did not start
}

// spare is a kernel that has run nothing but its rehearsal.
type spare struct {
	Kernel
	spec   string        // kernelspec it was started from
	gone   chan struct{} // closed when it is nobody's spare any more
	born   time.Time
	failed int // spares before it in a row that died or did not start
}

// take removes the oldest spare that lives and is of a kernelspec.
func (s *shelf) take(spec string) *spare {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken = time.Now()
	for i, k := range s.spares {
		if k.spec == spec && k.Err() == nil {
			s.spares = slices.Delete(s.spares, i, i+1)
			close(k.gone)
			s.wake()
			return k
		}
	}
	return nil
}

func (s *shelf) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.spares)
}

func (s *shelf) wake() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// lose removes a spare that has died, if it is still one.
func (s *shelf) lose(k *spare) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.spares, k)
	if i < 0 {
		return false
	}
	s.spares = slices.Delete(s.spares, i, i+1)
	if time.Since(k.born) > retryMost {
		k.failed = 0
	}
	s.failed = k.failed + 1
	s.wake()
	return true
}

// wait is how long the keeper has to wait before the next start; ok is false
// while nothing is missing.
func (s *shelf) wait(cfg PoolConfig) (d time.Duration, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.spares) >= s.size {
		return 0, false
	}
	if s.failed > 0 {
		return cfg.again(s.failed), true
	}
	return time.Until(s.taken.Add(cfg.Calm)), true
}

// keep starts spares until the pool is closed.
func (p *Pool) keep(s *shelf) {
	for p.ctx.Err() == nil {
		d, missing := s.wait(p.cfg)
		switch {
		case !missing:
			select {
			case <-s.changed:
			case <-p.ctx.Done():
			}
		case d > 0:
			select {
			case <-time.After(d):
				p.refill(s, d)
			case <-p.ctx.Done():
			}
		default:
			p.refill(s, d)
		}
	}
}

// refill starts one spare, unless somebody took one during the wait for it.
func (p *Pool) refill(s *shelf, waited time.Duration) {
	s.mu.Lock()
	soon := s.failed == 0 && time.Since(s.taken) < p.cfg.Calm
	s.mu.Unlock()
	if soon && waited > 0 {
		return
	}
	k, err := p.start(s)
	if err == nil {
		p.shelve(s, k)
		return
	}
	if errors.Is(err, ErrClosed) || p.ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	s.failed++
	again := p.cfg.again(s.failed)
	s.mu.Unlock()
	p.cfg.Logf("kernel pool: %s: %v; trying again in %v", s.language, err, again)
}

func (p *Pool) start(s *shelf) (*spare, error) {
	served, err := p.Lookup(p.ctx, s.language)
	if err != nil {
		return nil, err //nolint:wrapcheck // as above
	}
	k, err := p.Provider.Start(p.ctx, StartSpec{Language: s.language, Stdin: true})
	if err != nil {
		return nil, err //nolint:wrapcheck // as above
	}
	if err := p.rehearse(k, served.Name); err != nil {
		discard(k)
		return nil, err
	}
	return &spare{Kernel: k, spec: served.Kernel, gone: make(chan struct{}), born: time.Now()}, nil
}

// rehearsal is how long a kernel may take to run nothing.
const rehearsal = time.Minute

// rehearse has a kernel run code that changes nothing and leaves nothing behind:
// the first that one runs takes it several times as long as what comes later.
func (p *Pool) rehearse(k Kernel, language string) error {
	ctx, cancel := context.WithTimeoutCause(p.ctx, rehearsal, errRehearsal)
	defer cancel()
	code, _ := setupCode(language, "", environ{}) // none for a language without such code
	return setUp(ctx, k.Execute, code)
}

var errRehearsal = fmt.Errorf("it has not run its first code within %v", rehearsal)

// shelve makes a kernel a spare, and sees when it dies.
func (p *Pool) shelve(s *shelf, k *spare) {
	s.mu.Lock()
	s.spares = append(s.spares, k)
	k.failed, s.failed = s.failed, 0
	s.mu.Unlock()
	p.workers.Go(func() {
		select {
		case <-k.gone:
		case <-k.Done():
			if s.lose(k) && p.ctx.Err() == nil {
				p.cfg.Logf("kernel pool: a spare %s kernel died: %v", s.language, k.Err())
			}
		}
	})
}

// discard ends a kernel at once.
func discard(k Kernel) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = k.Shutdown(ctx) // nobody wants to know
}
