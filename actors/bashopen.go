package actors

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/asynkron/protoactor-go/actor"

	"execd/actors/msg"
	"execd/shell"
)

// open has a worker start the shell.
func (b *bash) open(ctx actor.Context) {
	b.self = ctx.Self()
	r := b.resident
	b.work(func() {
		sh, err := b.system.openShell(r)
		if err == nil && !r.adopt(sh) {
			sh.Close(context.Background()) // nobody is there to take it
		}
		b.tell(opened{err})
	})
}

func (s *System) openShell(r *resident) (*shell.Session, error) {
	dir, err := contextDir(r.dir)
	if err != nil {
		return nil, err
	}
	if dir == "" {
		if dir, err = os.Getwd(); err != nil {
			dir = "/"
		}
	}
	log := s.config.Log.With().Str("session", r.id).Logger()
	env, err := s.environ(os.Environ(), r.env, &log)
	if err != nil {
		return nil, invalid(err)
	}
	if shell.ShowDescriptors() {
		s.config.Log.Warn().Msg("processes of the same user can read the memory of execd from now on: sessions need that without CAP_SYS_PTRACE")
	}
	sh, err := shell.NewSession(shell.SessionConfig{ID: r.id, Dir: dir, Env: env})
	switch {
	case errors.Is(err, shell.ErrNoBash), errors.Is(err, shell.ErrUnsupported):
		return nil, msg.Errorf(msg.NotSupported, "%w", err)
	case errors.Is(err, syscall.E2BIG):
		return nil, invalid(err)
	case err != nil:
		return nil, msg.Errorf(msg.RuntimeError, "%w", err)
	}
	return sh, nil
}

func (b *bash) begun(ctx actor.Context, err error) {
	if err == nil {
		b.next()
		return
	}
	b.resident.isFailed(err)
	for _, r := range b.queue {
		if !r.execution.refuse(err) {
			r.settle(failure("SessionStartError", err.Error(), "start"))
		}
	}
	b.queue = nil
	b.closed = true
	b.finish(ctx)
}

// directoryFrom resolves a directory as a shell in another would.
func directoryFrom(at, dir string, env map[string]string) (string, error) {
	lookup := func(name string) (string, bool) {
		if v, ok := env[name]; ok {
			return v, true
		}
		return os.LookupEnv(name)
	}
	path, err := shell.ExpandPath(dir, lookup)
	if err != nil {
		return "", err
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(at, path)
	}
	return shell.ResolveDir(path, func(string) (string, bool) { return "$", true }) // expanded already
}
