//go:build !linux

package fsops

import (
	"errors"
	"os"
)

// openUnnamed has no counterpart here: drafts have names from the start.
func openUnnamed(string) (*os.File, error) { return nil, errors.ErrUnsupported }

func link(*os.File, string) error { return errors.ErrUnsupported }

func createIn(root *os.Root, name string) (*os.File, func() error, error) {
	return createNamed(root, name)
}
