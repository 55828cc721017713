//go:build unix

package main

import (
	"io/fs"
	"os"
	"syscall"
)

// tryLock takes the advisory lock on f, which the kernel releases when the
// process ends, however it ends (flock(2)).
func tryLock(f *os.File) bool {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}

// ours reports whether the daemon's user owns the directory, and nobody else
// may enter it: so are those that a daemon makes.
func ours(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Getuid() && info.Mode().Perm() == 0o700
}
