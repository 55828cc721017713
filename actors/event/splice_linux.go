package event

import (
	"os"
	"syscall"
)

// splice moves up to n bytes, which are there, from a pipe to a file
// (splice(2)), and returns how many it has moved. It is 0 when the disk refuses
// them, or the file system does not do that.
func splice(to *os.File, pipe, n int) (moved int) {
	fd := int(to.Fd())
	for moved < n {
		k, err := syscall.Splice(pipe, nil, fd, nil, n-moved, 0)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || k <= 0 {
			break
		}
		moved += int(k)
	}
	return moved
}
