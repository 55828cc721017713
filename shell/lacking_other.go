//go:build !linux

package shell

import (
	"fmt"
	"runtime"
)

func lacking(what string) error {
	return fmt.Errorf("%s cannot be had on %s: %w", what, runtime.GOOS, ErrUnsupported)
}
