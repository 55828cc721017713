package actors

import (
	"context"
	"fmt"
	"time"

	"execd/actors/msg"
	"execd/kernel"
)

// readyPatience is how long a Jupyter server may take to answer: whoever asks
// whether execd is ready asks every few seconds and waits about as long.
const readyPatience = 2 * time.Second

// ready has a worker find out whether kernels can be had. A machine without
// any is ready all the same: commands are what it is for then.
func (k *kernels) ready(m msg.CheckReady) {
	provider := k.system.config.Kernels
	if provider == nil {
		m.Fail(notReady(errNoProvider))
		return
	}
	k.system.work(classKernels, func() {
		late := fmt.Errorf("no answer within %v", readyPatience)
		ctx, cancel := context.WithTimeoutCause(context.Background(), readyPatience, late)
		defer cancel()
		installed, err := provider.Languages(ctx)
		if err != nil {
			m.Fail(notReady(err))
			return
		}
		m.Answer(msg.Readiness{Languages: namesOf(installed), Missing: namesOf(kernel.Missing(installed))})
	}, m.Fail)
}

func notReady(cause error) error {
	err := msg.Errorf(msg.NotReady, "no kernel can be had: %w", cause)
	err.Details = map[string]string{"kernels": cause.Error()}
	return err
}

func namesOf(languages []kernel.Language) []string {
	names := make([]string, len(languages))
	for i, l := range languages {
		names[i] = l.Name
	}
	return names
}
