//go:build amd64 || arm64

package event

import (
	"os"
	"syscall"
)

// dontNeed is POSIX_FADV_DONTNEED.
const dontNeed = 4

// uncache begins to write out what is dirty of a file, and drops the rest from
// the page cache (posix_fadvise(2)). It is a hint, and may fail: most likely
// the file is gone.
func uncache(path string) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close() //nolint:errcheck // read only
	_, _, _ = syscall.Syscall6(syscall.SYS_FADVISE64, f.Fd(), 0, 0, dontNeed, 0, 0)
}
