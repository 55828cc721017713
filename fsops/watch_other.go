//go:build !linux

package fsops

import "context"

func (Watch) run(context.Context, target, func(), func(Change)) error { return ErrNoWatch }
