//go:build unix && !linux

package shell

import "os"

// foreground is not asked for here: these systems answer only the side that
// the process is on.
func foreground(*os.File) (int, error) { return 0, ErrUnsupported }
