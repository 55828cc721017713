package shell

import "golang.org/x/sys/unix"

// pipe makes a pipe whose reading end does not block.
func pipe() (r, w int, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return 0, 0, err //nolint:wrapcheck // the caller says what it was for
	}
	if err := unix.SetNonblock(fds[0], true); err != nil {
		_ = unix.Close(fds[0])
		_ = unix.Close(fds[1])
		return 0, 0, err //nolint:wrapcheck // likewise
	}
	return fds[0], fds[1], nil
}

// grownSize is what an unprivileged process may make a pipe by default
// (/proc/sys/fs/pipe-max-size).
const grownSize = 1 << 20

// grow makes a pipe larger: one that was full holds up who writes to it.
func grow(fd int) {
	_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, grownSize) // a smaller one works too
}

// capacity is how much a pipe holds at most.
func capacity(fd int) int {
	n, err := unix.FcntlInt(uintptr(fd), unix.F_GETPIPE_SZ, 0)
	if err != nil {
		return grownSize
	}
	return n
}
