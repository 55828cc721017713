package httpapi

import (
	"io"
	"net"
	"os"
	"syscall"
	"time"
	"unsafe"
)

// eagerLook is how long the next request is looked for.
const eagerLook = 150 * time.Microsecond

// eagerListener is of connections that are eager in a sprint.
type eagerListener struct {
	net.Listener
	sprint *sprint
}

// Accept implements net.Listener.
func (l eagerListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err //nolint:wrapcheck // it is the listener
	}
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return c, nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return c, nil //nolint:nilerr // as good
	}
	return &eager{TCPConn: tcp, raw: raw, sprint: l.sprint}, nil
}

// eager is a connection whose reader, in a sprint, looks for the next request
// for a moment before it sleeps, if the last one has come that soon.
type eager struct {
	*net.TCPConn
	raw    syscall.RawConn
	sprint *sprint
	soon   bool // the last request has come within the time that one is looked for
}

// Read implements net.Conn.
func (c *eager) Read(p []byte) (int, error) {
	if len(p) <= 1 || !c.sprint.on.Load() { // net/http reads one byte to learn whether the client is there
		return c.TCPConn.Read(p) //nolint:wrapcheck // it is the connection
	}
	var n int
	var failed syscall.Errno
	began, slept := time.Now(), false
	err := c.raw.Read(func(fd uintptr) bool {
		for {
			if n, failed = readNow(fd, p); failed == syscall.EINTR {
				continue
			}
			if failed != syscall.EAGAIN {
				return true
			}
			if slept || !c.soon || time.Since(began) > eagerLook {
				slept = true
				return false
			}
			_, _, _ = syscall.RawSyscall(syscall.SYS_SCHED_YIELD, 0, 0, 0) // always succeeds
		}
	})
	c.soon = time.Since(began) < eagerLook
	switch {
	case err != nil:
		return 0, err //nolint:wrapcheck // it is the connection
	case failed != 0:
		return 0, &net.OpError{Op: "read", Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: os.NewSyscallError("read", failed)}
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// readNow is read(2) of what does not block, without a word to the scheduler.
func readNow(fd uintptr, p []byte) (int, syscall.Errno) {
	//nolint:gosec // as syscall.Read does
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	return int(n), errno
}
