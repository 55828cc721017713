//go:build !linux

package event

import "os"

// splice moves nothing.
func splice(*os.File, int, int) int { return 0 }
