//go:build !linux

package fsops

import (
	"io"
	"os"
)

func copyData(out, in *os.File) error {
	_, err := io.Copy(out, in)
	return err //nolint:wrapcheck // it names the path
}
