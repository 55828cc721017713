package kernel

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"execd/kernel/jupyter"
)

// Adopter is a Provider whose kernels outlive the daemon.
type Adopter interface {
	// Adopt returns the kernels that a Provider with the same configuration
	// started, and left behind by a crash or because it was told to keep them.
	// They have the variables they had; what they were running goes on, and
	// comes before what is executed next. One whose language is not installed
	// any more is left alone. What could be adopted is returned with an error
	// about what could not.
	Adopt(ctx context.Context) ([]Adopted, error)
}

// Adopted is a kernel found again.
type Adopted struct {
	ID       string // as in the StartSpec it was started with
	Language string
	Kernel   Kernel
}

var _ Adopter = (*Server)(nil)

// Adopt implements Adopter. It finds kernels by the names of their sessions,
// so it finds none on a gateway that does not let sessions be listed; Kernel
// Gateway and Enterprise Gateway have the option list_kernels for that.
func (s *Server) Adopt(ctx context.Context) ([]Adopted, error) {
	if !s.enter() {
		return nil, ErrClosed
	}
	defer s.leave()
	info, err := s.probe(ctx)
	if err != nil || !info.Sessions {
		return nil, err
	}
	specs, err := s.kernelspecs(ctx, 0)
	if err != nil {
		return nil, err
	}
	sessions, err := s.api.Sessions(ctx)
	if err != nil {
		return nil, fmt.Errorf("list sessions of Jupyter server: %w", err)
	}
	var (
		mu   sync.Mutex
		list []Adopted
		errs []error
		wg   sync.WaitGroup
	)
	for id, session := range s.orphans(sessions) {
		wg.Go(func() {
			k, err := s.adopt(ctx, id, session, specs)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, fmt.Errorf("adopt %s: %w", id, err))
				return
			}
			list = append(list, Adopted{ID: k.id, Language: k.language, Kernel: k})
		})
	}
	wg.Wait()
	return list, errors.Join(errs...)
}

// orphans returns the sessions that are ours and have no kernel here yet, by
// context.
func (s *Server) orphans(sessions []jupyter.Session) map[string]jupyter.Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	have := make(map[string]bool)
	for k := range s.kernels {
		have[k.kernelID] = true
	}
	found := make(map[string]jupyter.Session)
	for _, session := range sessions {
		if id, ours := s.contextOf(session.Path); ours && !have[session.Kernel.ID] {
			found[id] = session
		}
	}
	return found
}

// adoptPatience is how long an adopted kernel may take to answer. One that
// computes answers later, and is none the worse for it.
const adoptPatience = 500 * time.Millisecond

func (s *Server) adopt(ctx context.Context, id string, session jupyter.Session, specs []kernelspec) (*serverKernel, error) {
	spec, language, err := choose(specs, nil, session.Kernel.Name)
	if err != nil {
		return nil, err
	}
	k := s.newKernel(id, language, &spec, remoteKernel{session.Kernel.ID, session.ID})
	k.asks = true // it is not known any more whether it was to
	connect, cancel := context.WithTimeout(ctx, s.cfg.StartTimeout)
	defer cancel()
	if err := k.connect(connect); err != nil {
		return nil, err
	}
	answer, cancel := context.WithTimeout(ctx, adoptPatience)
	defer cancel()
	if err := k.nudge(answer); err != nil && k.isDone() {
		return nil, err
	}
	return k, nil
}

// leave ends the connection and lets the kernel run.
func (k *serverKernel) leave() {
	k.mu.Lock()
	k.closing = true
	k.mu.Unlock()
	k.end(&endedError{text: "kernel was left running on the Jupyter server", cause: ErrClosed})
	<-k.done
}
