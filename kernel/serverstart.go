package kernel

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"

	"execd/kernel/jupyter"
)

// remoteKernel is what the server calls a kernel.
type remoteKernel struct{ kernelID, sessionID string }

// Start implements Provider.
func (s *Server) Start(ctx context.Context, spec StartSpec) (Kernel, error) {
	if !s.enter() {
		return nil, ErrClosed
	}
	defer s.leave()
	late := fmt.Errorf("not ready within %v", s.cfg.StartTimeout)
	ctx, cancel := context.WithTimeoutCause(ctx, s.cfg.StartTimeout, late)
	defer cancel()
	ctx, abort := context.WithCancelCause(ctx)
	defer context.AfterFunc(s.ctx, func() { abort(ErrClosed) })()
	defer abort(nil)

	chosen, language, err := s.choose(ctx, spec.Language)
	if err != nil {
		return nil, s.failed(spec.Language, err)
	}
	if spec.ID == "" {
		spec.ID = rand.Text()
	}
	k, err := s.start(ctx, spec, &chosen, language)
	if err != nil {
		return nil, s.failed(chosen.name, err)
	}
	return k, nil
}

// failed makes an error ErrStart, if it says nothing more telling.
func (s *Server) failed(kernel string, err error) error {
	if errors.Is(err, ErrNoKernel) || errors.Is(err, ErrClosed) {
		return err
	}
	return &StartError{Kernel: kernel, Cause: err}
}

// start has the server start a kernel and returns when it is ready. On failure
// nothing is left.
func (s *Server) start(ctx context.Context, spec StartSpec, chosen *kernelspec, language string) (*serverKernel, error) {
	env := make(environ)
	env.add(spec.Env)
	remote, err := s.launch(ctx, spec, chosen, env)
	if err != nil {
		return nil, err
	}
	k := s.newKernel(spec.ID, language, chosen, remote)
	k.asks = spec.Stdin
	if err = k.connect(ctx); err != nil {
		s.remove(remote)
		return nil, err
	}
	if err = k.nudge(ctx); err == nil {
		k.begin()
		err = k.arrange(ctx, spec.Dir, env)
	}
	if err != nil {
		k.end(&endedError{text: "kernel did not start", cause: err})
		s.remove(remote)
		<-k.done
		return nil, err
	}
	return k, nil
}

// launch has the server start the process. The server does that to its end
// even if nobody waits for the answer, so the answer is waited for in any
// case, for a while: a kernel of which nobody knows would stay for ever.
func (s *Server) launch(ctx context.Context, spec StartSpec, chosen *kernelspec, env map[string]string) (remoteKernel, error) {
	info, err := s.probe(ctx)
	if err != nil {
		return remoteKernel{}, err
	}
	type answer struct {
		remote remoteKernel
		err    error
	}
	answers := make(chan answer, 1)
	asking, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		remote, err := s.request(asking, info, spec, chosen.name, env)
		answers <- answer{remote, err}
	}()
	select {
	case a := <-answers:
		giveUp()
		return a.remote, a.err
	case <-ctx.Done():
	}
	s.tasks.Add(1) // Start is in it, so it is not zero
	go func() {
		defer s.leave()
		late := time.AfterFunc(s.cfg.RequestTimeout, giveUp)
		a := <-answers
		late.Stop()
		giveUp()
		if a.remote.kernelID != "" {
			_ = s.delete(context.Background(), a.remote)
		}
	}()
	return remoteKernel{}, context.Cause(ctx)
}

// request starts a kernel, as a session if it can be found again by that. The
// gateways' sessions take no environment, so a kernel that needs one at its
// start is one without a session there.
func (s *Server) request(ctx context.Context, info jupyter.Info, spec StartSpec, name string, env map[string]string) (remoteKernel, error) {
	dir, _ := s.below(spec.Dir)
	if info.Sessions && (!info.Gateway || !needsEarly(spec.Language, env)) {
		made, err := s.api.StartSession(ctx, jupyter.SessionRequest{
			Path: path.Join(dir, s.sessionName(spec.ID)), Name: s.cfg.Owner + "-" + spec.ID, Spec: name,
		}, s.cfg.StartTimeout)
		return remoteKernel{made.Kernel.ID, made.ID}, err
	}
	made, err := s.api.StartKernel(ctx, jupyter.KernelRequest{Name: name, Path: dir, Env: env}, s.cfg.StartTimeout)
	return remoteKernel{kernelID: made.ID}, err
}

// needsEarly reports whether the kernel cannot be given its environment later:
// variables that begin with KERNEL_ are for the gateway itself (Enterprise
// Gateway documentation, "Environment variables").
func needsEarly(language string, env map[string]string) bool {
	_, scripted := setupCode(Canonical(language), "", nil)
	for name := range env {
		if !scripted || strings.HasPrefix(name, "KERNEL_") {
			return true
		}
	}
	return false
}

// sessionName is how the kernel of a context is found again: the last element
// of its session's path, because gateways keep no name. It ends with something
// new, because a path that exists is answered with the kernel that has it, be
// it one that is being deleted.
func (s *Server) sessionName(id string) string {
	return s.cfg.Owner + "-" + url.PathEscape(id) + "-" + rand.Text()
}

// contextOf returns the context whose session has this path; ok is false for
// sessions that are not ours.
func (s *Server) contextOf(session string) (id string, ok bool) {
	name, ok := strings.CutPrefix(path.Base(session), s.cfg.Owner+"-")
	end := strings.LastIndexByte(name, '-')
	if !ok || end < 0 || len(name)-end != len("-")+len(rand.Text()) {
		return "", false
	}
	id, err := url.PathUnescape(name[:end])
	return id, err == nil
}

// below returns dir as the server names it; ok is false if it is not known to
// be below the server's root.
func (s *Server) below(dir string) (rel string, ok bool) {
	if s.cfg.Root == "" || !path.IsAbs(dir) {
		return "", false
	}
	root, dir := path.Clean(s.cfg.Root), path.Clean(dir)
	if dir == root {
		return "", true
	}
	return strings.CutPrefix(dir, strings.TrimSuffix(root, "/")+"/")
}

// arrange sees to it that the kernel has its directory and environment.
func (k *serverKernel) arrange(ctx context.Context, dir string, env map[string]string) error {
	_, scripted := setupCode(k.language, "", nil)
	switch _, below := k.server.below(dir); {
	case dir == "":
	case k.process.dir() == path.Clean(dir):
		dir = ""
	case !scripted && below && k.process == nil:
		dir = "" // the server was told, and it cannot be seen from here
	}
	if !scripted && k.server.isGateway() {
		env = nil // it was told too
	}
	return k.setup(ctx, dir, env)
}

func (s *Server) isGateway() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.info != nil && s.info.Gateway
}

// delete ends a kernel and waits until it is gone. That there is none is no
// error.
func (s *Server) delete(ctx context.Context, remote remoteKernel) error {
	if remote.sessionID != "" {
		err := s.api.DeleteSession(ctx, remote.sessionID, deleteTimeout)
		if !errors.Is(err, jupyter.ErrGone) {
			return err
		}
	}
	// The session may be gone and the kernel not.
	err := s.api.DeleteKernel(ctx, remote.kernelID, deleteTimeout)
	if errors.Is(err, jupyter.ErrGone) {
		return nil
	}
	return err
}

// remove ends a kernel of which nobody wants to know.
func (s *Server) remove(remote remoteKernel) {
	if err := s.delete(context.Background(), remote); err != nil {
		s.cfg.Logf("delete kernel %s: %v", remote.kernelID, err)
	}
}

// discard removes a kernel that has died here; its reader calls it.
func (s *Server) discard(remote remoteKernel) {
	if !s.enter() {
		s.remove(remote) // Close waits for the reader
		return
	}
	go func() {
		defer s.leave()
		s.remove(remote)
	}()
}
