package actors

import (
	"context"
	"time"

	"execd/actors/msg"
	"execd/kernel"
)

// languagesPatience is how long a Jupyter server may take to list its kernels.
const languagesPatience = 10 * time.Second

// languages has a worker ask the provider, which reads directories or asks a
// server.
func (k *kernels) languages(m msg.ListLanguages) {
	provider := k.system.config.Kernels
	k.system.work(classKernels, func() {
		ctx, cancel := context.WithTimeout(context.Background(), languagesPatience)
		defer cancel()
		installed, err := provider.Languages(ctx)
		if err != nil {
			m.Fail(msg.Errorf(msg.RuntimeError, "list kernels: %w", err))
			return
		}
		list := []msg.Language{}
		for _, l := range installed {
			list = append(list, describeLanguage(l, true))
		}
		for _, l := range kernel.Missing(installed) {
			list = append(list, describeLanguage(l, false))
		}
		m.Answer(list)
	}, m.Fail)
}

func describeLanguage(l kernel.Language, installed bool) msg.Language {
	return msg.Language{
		Name: l.Name, Aliases: l.Aliases, Installed: installed, Kernel: l.Kernel, DisplayName: l.DisplayName, Install: l.Install,
		Spares: l.Spares,
	}
}
