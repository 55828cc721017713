//go:build !unix

package httpapi

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// brief is how long a write may take here, where it cannot be told not to wait.
const brief = time.Millisecond

func newNonblocking() nonblocking {
	return func(conn net.Conn, _ syscall.RawConn, p []byte) (int, error) {
		if err := conn.SetWriteDeadline(time.Now().Add(brief)); err != nil {
			return 0, err //nolint:wrapcheck // closed: nobody reads it
		}
		n, err := conn.Write(p)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = nil
		}
		return n, err //nolint:wrapcheck // likewise
	}
}
