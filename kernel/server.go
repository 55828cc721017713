package kernel

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"execd/kernel/jupyter"
)

// ServerConfig of a Server. Only URL is required.
type ServerConfig struct {
	URL   string      // of a Jupyter Server, Kernel Gateway or Enterprise Gateway, with its base path
	Token string      // the one in the URL's query if empty
	TLS   *tls.Config // of an https URL; nil trusts what the system trusts

	// Owner is what the names of the sessions made begin with, and Adopt takes
	// those that do. Daemons that share a server need one each. "execd" if
	// empty.
	Owner string

	Order Order // of the kernelspecs of one language

	// Root is the server's root directory, if known. Kernels of a working
	// directory below it start there; see setupCode for the others.
	Root string

	// Keep leaves kernels running when the Server is closed, to be adopted.
	Keep bool

	RequestTimeout time.Duration // of one HTTP request that starts nothing; 10 s if 0
	StartTimeout   time.Duration // 60 s if 0, as for a Local
	Grace          time.Duration // for the idle after the reply and the reply after the idle; 250 ms if 0, as for a Local
	FrameLimit     int64         // of one message; jupyter.DefaultLimit if 0

	// OutageGrace is how long the runs of a kernel wait for a connection that
	// was cut, when the server refuses a new one; their outcome is called
	// unknown then. 750 ms if 0: an execution ends within a second of its
	// cause. A server that says nothing at all is waited for as long as
	// ReconnectTimeout.
	OutageGrace time.Duration

	// ReconnectTimeout is how long a kernel is believed to be there without a
	// connection; 30 s if 0, which is a restart of a gateway.
	ReconnectTimeout time.Duration

	// PingEvery is how often a silent connection is tested; 10 s if 0.
	PingEvery time.Duration

	// Logf is told of lost connections and dropped messages; may be nil.
	Logf func(format string, args ...any)
}

func (c ServerConfig) withDefaults() ServerConfig {
	durations := []struct {
		field *time.Duration
		value time.Duration
	}{
		{&c.RequestTimeout, 10 * time.Second},
		{&c.StartTimeout, 60 * time.Second},
		{&c.Grace, 250 * time.Millisecond},
		{&c.OutageGrace, 750 * time.Millisecond},
		{&c.ReconnectTimeout, 30 * time.Second},
	}
	for _, d := range durations {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if c.Owner == "" {
		c.Owner = "execd"
	}
	if c.Logf == nil {
		c.Logf = func(string, ...any) {}
	}
	return c
}

// Server is the Provider that has a Jupyter server start the kernels and
// speaks to them through it, over one WebSocket per kernel. Use NewServer.
type Server struct {
	cfg  ServerConfig
	api  *jupyter.Client
	stop context.CancelCauseFunc
	ctx  context.Context // ended by Close

	mu      sync.Mutex // guards the rest
	kernels map[*serverKernel]struct{}
	closed  bool
	info    *jupyter.Info // once it is known
	specs   []kernelspec  // as of specsAt
	specsAt time.Time

	tasks sync.WaitGroup // Starts and deletions; Add under mu while not closed
}

var _ Provider = (*Server)(nil)

// NewServer returns a Server; it connects to nothing yet, so the server may
// come up later.
func NewServer(cfg ServerConfig) (*Server, error) {
	cfg = cfg.withDefaults()
	api, err := jupyter.New(jupyter.Config{
		URL: cfg.URL, Token: cfg.Token, TLS: cfg.TLS,
		Timeout: cfg.RequestTimeout, PingEvery: cfg.PingEvery, Limit: cfg.FrameLimit,
	})
	if err != nil {
		return nil, fmt.Errorf("configure Jupyter server: %w", err)
	}
	s := &Server{cfg: cfg, api: api, kernels: make(map[*serverKernel]struct{})}
	s.ctx, s.stop = context.WithCancelCause(context.Background())
	return s, nil
}

// specsAge is how long a list of kernelspecs is used to start kernels: the
// server reads a directory for each. A language that is not in it is looked
// for in a new one.
const specsAge = 5 * time.Second

// kernelspecs returns what the server can start.
func (s *Server) kernelspecs(ctx context.Context, maxAge time.Duration) ([]kernelspec, error) {
	s.mu.Lock()
	specs, at := s.specs, s.specsAt
	s.mu.Unlock()
	if specs != nil && time.Since(at) < maxAge {
		return specs, nil
	}
	list, err := s.api.Kernelspecs(ctx)
	if err != nil {
		return nil, fmt.Errorf("list kernels of Jupyter server: %w", err)
	}
	specs = make([]kernelspec, 0, len(list))
	for _, spec := range list {
		specs = append(specs, kernelspec{
			name: strings.ToLower(spec.Name), Argv: spec.Argv, DisplayName: spec.DisplayName, Language: spec.Language,
		})
	}
	s.mu.Lock()
	s.specs, s.specsAt = specs, time.Now()
	s.mu.Unlock()
	return specs, nil
}

// choose finds the kernelspec for a language.
func (s *Server) choose(ctx context.Context, language string) (kernelspec, string, error) {
	for _, age := range []time.Duration{specsAge, 0} {
		specs, err := s.kernelspecs(ctx, age)
		if err != nil {
			return kernelspec{}, "", err
		}
		spec, name, err := choose(specs, s.cfg.Order, language)
		if err == nil || age == 0 {
			return spec, name, err
		}
	}
	panic("unreachable: the last list has age 0")
}

// Languages implements Provider.
func (s *Server) Languages(ctx context.Context) ([]Language, error) {
	specs, err := s.kernelspecs(ctx, 0)
	if err != nil {
		return nil, err
	}
	return installedLanguages(specs, s.cfg.Order), nil
}

// Lookup implements Provider.
func (s *Server) Lookup(ctx context.Context, language string) (Language, error) {
	spec, name, err := s.choose(ctx, language)
	if err != nil {
		return Language{}, err
	}
	known, _ := knownLanguage(name)
	return known.served(&spec), nil
}

// probe finds out what the server is, once.
func (s *Server) probe(ctx context.Context) (jupyter.Info, error) {
	s.mu.Lock()
	known := s.info
	s.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	info, err := s.api.Probe(ctx)
	if err != nil {
		return info, fmt.Errorf("probe Jupyter server: %w", err)
	}
	s.mu.Lock()
	s.info = &info
	s.mu.Unlock()
	return info, nil
}

// enter reports whether the Server is open; if so, leave must be called.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.tasks.Add(1)
	}
	return !s.closed
}

func (s *Server) leave() { s.tasks.Done() }

// remember reports false, and the kernel is not to be used, if the Server is
// closed.
func (s *Server) remember(k *serverKernel) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.kernels[k] = struct{}{}
	}
	return !s.closed
}

func (s *Server) forget(k *serverKernel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.kernels, k)
}

// Close implements Provider; with ServerConfig.Keep it ends connections, not
// kernels. It takes no longer than the slowest kernel.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	left := make([]*serverKernel, 0, len(s.kernels))
	for k := range s.kernels {
		left = append(left, k)
	}
	s.mu.Unlock()
	s.stop(ErrClosed)
	errs := make([]error, len(left))
	var wg sync.WaitGroup
	for i, k := range left {
		wg.Go(func() {
			if s.cfg.Keep {
				k.leave()
				return
			}
			errs[i] = k.Shutdown(context.Background())
		})
	}
	wg.Wait()
	s.tasks.Wait()
	s.api.Close()
	return errors.Join(errs...)
}
