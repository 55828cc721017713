package main

import (
	"context"
	"time"

	"execd/actors"
	"execd/kernel"
)

// provider is where kernels come from: the Jupyter server that the
// configuration names, or else this machine.
func (d *daemon) provider() (kernel.Provider, error) {
	logf := func(format string, args ...any) { d.log.Warn().Msgf(format, args...) }
	if d.config.jupyterHost == "" {
		local := kernel.NewLocal(kernel.Config{
			RuntimeDir: d.state.dir, Launch: actors.LaunchKernel, Order: d.config.kernels, Logf: logf,
		})
		if len(d.config.pool) == 0 {
			return local, nil
		}
		return kernel.NewPool(local, kernel.PoolConfig{Sizes: d.config.pool, Logf: logf}), nil
	}
	server, err := kernel.NewServer(kernel.ServerConfig{
		URL: d.config.jupyterHost, Token: d.config.jupyterToken, Order: d.config.kernels, Keep: true, Logf: logf,
	})
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what is wrong with the configuration
	}
	return server, nil
}

func (d *daemon) announceLanguages() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	installed, err := d.kernels.Languages(ctx)
	if err != nil {
		d.log.Warn().Err(err).Msg("cannot look for kernels")
		return
	}
	names := make([]string, len(installed))
	for i, l := range installed {
		names[i] = l.Name
	}
	d.log.Info().Strs("languages", names).Msg("kernels found")
	if _, err := d.kernels.Lookup(ctx, "python"); err != nil {
		d.log.Warn().Err(err).Msg("python code cannot run")
	}
}
