package shell

import (
	"math"

	"golang.org/x/sys/unix"
)

// KeepDescriptors keeps what this process has inherited beyond its standard
// streams from everything that it starts: whoever started it may wait for the
// other end of a pipe to close. Kernels before 5.11 cannot do it in one call
// (close_range(2)), and go without.
func KeepDescriptors() {
	_ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
}
