package fsops

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
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

// createIn makes a file below root, which gets its name when it appears, so
// that it is gone with this process before that.
func createIn(root *os.Root, name string) (f *os.File, appear func() error, err error) {
	if canLink() {
		if f, err = root.OpenFile(filepath.Dir(name), os.O_WRONLY|unix.O_TMPFILE, 0o600); err == nil {
			return f, func() error { return linkIn(root, f, name) }, nil
		}
	}
	return createNamed(root, name)
}

func linkIn(root *os.Root, f *os.File, name string) error {
	dir, err := root.Open(filepath.Dir(name))
	if err != nil {
		return err //nolint:wrapcheck // it names the path
	}
	defer dir.Close() //nolint:errcheck // nothing is written through it
	from := "/proc/self/fd/" + strconv.Itoa(int(f.Fd()))
	if err := unix.Linkat(unix.AT_FDCWD, from, int(dir.Fd()), filepath.Base(name), unix.AT_SYMLINK_FOLLOW); err != nil {
		return fmt.Errorf("link: %w", err)
	}
	return nil
}
