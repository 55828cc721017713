package actors

import (
	"context"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"execd/kernel"
)

// adoptPatience bounds the search for kernels that an earlier daemon left
// behind; a server that answers later has them found at the next start.
const adoptPatience = 30 * time.Second

// foundling is a kernel that an earlier daemon left behind.
type foundling struct{ kernel.Adopted }

// keepsKernels reports whether kernels outlive the daemon.
func (s *System) keepsKernels() bool {
	_, yes := s.config.Kernels.(kernel.Adopter)
	return yes
}

// adopt has a worker look for kernels of an earlier daemon.
func (k *kernels) adopt(ctx actor.Context) {
	provider, ok := k.system.config.Kernels.(kernel.Adopter)
	if !ok {
		return
	}
	s, self := k.system, ctx.Self()
	s.work(classKernels, func() {
		wait, cancel := context.WithTimeout(context.Background(), adoptPatience)
		defer cancel()
		found, err := provider.Adopt(wait)
		if err != nil {
			s.config.Log.Warn().Err(err).Msg("contexts of an earlier start may be missing")
		}
		for _, a := range found {
			s.tell(self, foundling{a})
		}
	}, nil)
}

// restore makes a context of it again, under its old id.
func (k *kernels) restore(ctx actor.Context, a kernel.Adopted) {
	if k.contexts[a.ID] != nil {
		return
	}
	k.place(ctx, &notebook{
		id: a.ID, language: kernel.Canonical(a.Language), state: contextIdle, kernel: a.Kernel, ready: true, resolved: true,
	})
	k.system.config.Log.Info().Str("context", a.ID).Str("language", a.Language).Msg("context found again")
}
