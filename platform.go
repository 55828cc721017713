package main

import (
	"fmt"

	"execd/actors"
	"execd/shell"
)

// platform is what cannot be had here. The kernels of a Jupyter server run
// wherever that is.
func (c *config) platform() actors.Platform {
	p := actors.Platform{Platform: shell.ThisPlatform()}
	if c.jupyterHost == "" && p.Processes != nil {
		p.Kernels = fmt.Errorf("kernels need a Jupyter server (--jupyter-host): %w", p.Processes)
	}
	return p
}
