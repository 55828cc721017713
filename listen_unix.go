//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// listenUnix listens on a socket that only this user may connect to. One that
// a daemon has left behind is replaced, one that somebody listens on is not.
func listenUnix(path string) (net.Listener, error) {
	// The lock of the directory keeps another daemon that starts now from
	// removing ours between its look and its removal. It leaves no file.
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err //nolint:wrapcheck // the caller says what for
	}
	defer func() { _ = dir.Close() }()
	if err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX); err != nil {
		return nil, fmt.Errorf("lock its directory: %w", err)
	}
	if err := removeStale(path); err != nil {
		return nil, err
	}
	// The mode is there from the beginning: between bind(2) and chmod(2)
	// anybody could connect. The umask is the whole process's, which does
	// nothing else yet.
	defer syscall.Umask(syscall.Umask(0o177))
	return net.Listen("unix", path) //nolint:wrapcheck // the caller says where
}

// stalePatience is how long to wait for an answer of who may be listening.
const stalePatience = time.Second

func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err //nolint:wrapcheck // the caller says what for
	}
	if info.Mode().Type() != fs.ModeSocket {
		return errors.New("there is something that is not a socket")
	}
	ctx, cancel := context.WithTimeout(context.Background(), stalePatience)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
	if err == nil {
		_ = conn.Close()
		return errors.New("somebody listens there already")
	}
	if !errors.Is(err, syscall.ECONNREFUSED) { // no answer in time, or not for us to know
		return fmt.Errorf("somebody may listen there already: %w", err)
	}
	return os.Remove(path) //nolint:wrapcheck // the caller says what for
}
