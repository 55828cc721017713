package fsops

import (
	"fmt"
	"os"
)

// NewSpool makes a file without a name below dir, or where the system keeps
// temporary files, for content that has no place yet. It is gone when it is
// closed.
func NewSpool(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, draftPrefix)
	if err != nil {
		return nil, fmt.Errorf("make temporary file: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close() // the other error says more
		return nil, fmt.Errorf("unlink temporary file: %w", err)
	}
	return f, nil
}
