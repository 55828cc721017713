//go:build unix

package httpapi

import (
	"net"
	"syscall"
)

// newNonblocking returns the function for one goroutine. It makes the system
// call itself: a net.Conn would wait, with a goroutine for each connection.
func newNonblocking() nonblocking {
	var (
		p   []byte
		n   int
		err error
	)
	try := func(fd uintptr) bool { // made once: a closure a write would be garbage
		for {
			n, err = syscall.Write(int(fd), p)
			if err != syscall.EINTR {
				return true
			}
		}
	}
	return func(_ net.Conn, raw syscall.RawConn, data []byte) (int, error) {
		p = data
		if err := raw.Write(try); err != nil {
			return 0, err //nolint:wrapcheck // closed: nobody reads it
		}
		p = nil
		if err == syscall.EAGAIN {
			return 0, nil
		}
		return max(n, 0), err
	}
}
