//go:build !linux

package shell

import (
	"context"
	"fmt"
)

// Orphans are adopted by process 1 alone on this platform.
type Orphans struct{}

// AdoptOrphans fails with ErrUnsupported.
func AdoptOrphans() (*Orphans, error) { return nil, fmt.Errorf("adopt orphans: %w", ErrUnsupported) }

// Close is never called: there are none.
func (*Orphans) Close(context.Context) {}
