package fsops

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// openUnnamed makes a file without a name in dir, which is gone when this
// process is, however it ends (open(2), O_TMPFILE).
func openUnnamed(dir string) (*os.File, error) {
	if !canLink() {
		return nil, errors.ErrUnsupported
	}
	return os.OpenFile(dir, os.O_RDWR|unix.O_TMPFILE, 0o777) //nolint:wrapcheck,gosec // asks again; less the umask, as the API has it
}

// canLink reports whether link will work: it goes through /proc, which not
// every sandbox has. The other way needs a capability.
var canLink = sync.OnceValue(func() bool {
	_, err := os.Stat("/proc/self/fd")
	return err == nil
})

// link gives a file its first name. It cannot replace another.
func link(f *os.File, name string) error {
	from := "/proc/self/fd/" + strconv.Itoa(int(f.Fd()))
	if err := unix.Linkat(unix.AT_FDCWD, from, unix.AT_FDCWD, name, unix.AT_SYMLINK_FOLLOW); err != nil {
		return fmt.Errorf("link: %w", err)
	}
	return nil
}
