package shell

import (
	"os"

	"golang.org/x/sys/unix"
)

// foreground is the process group that reads from the terminal.
func foreground(master *os.File) (group int, err error) {
	raw, err := master.SyscallConn()
	if err != nil {
		return 0, err //nolint:wrapcheck // the caller has another way then
	}
	if controlErr := raw.Control(func(fd uintptr) { group, err = unix.IoctlGetInt(int(fd), unix.TIOCGPGRP) }); controlErr != nil {
		return 0, controlErr //nolint:wrapcheck // likewise
	}
	return group, err
}
