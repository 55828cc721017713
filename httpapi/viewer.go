package httpapi

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"slices"
	"syscall"
	"time"

	"github.com/labstack/echo/v4"

	"execd/actors/event"
	"execd/actors/msg"
)

// viewer is a connection that was taken from net/http to send it samples. It
// belongs to its broadcast, and holds no goroutine and no buffer.
type viewer struct {
	conn    net.Conn
	raw     syscall.RawConn
	framing event.Framing
	chunked bool   // HTTP/1.1; to older clients the end of the connection is the end
	head    []byte // the head of the response, until it is sent
	rest    []byte // of the frame that the connection has not taken whole
	since   time.Time
}

// viewerBuffer is the kernel's send buffer of a viewer: the frames that it
// holds are all that a reader which has stalled will find old. Linux doubles
// it, and counts the space around the data.
const viewerBuffer = 8 << 10

// hijack takes the connection of a request. Nothing has been sent by then.
func (s *Server) hijack(c echo.Context) (*viewer, error) {
	v := &viewer{framing: s.framing(c.Request()), chunked: c.Request().ProtoAtLeast(1, 1)}
	v.head = headOf(c, v.framing, v.chunked)
	conn, _, err := http.NewResponseController(c.Response().Writer).Hijack()
	if err != nil {
		return nil, msg.Errorf(msg.NotSupported, "this connection cannot be watched on: %w", err)
	}
	c.Response().Status, c.Response().Committed = http.StatusOK, true
	if v.conn, v.raw, err = s.bareConn(conn); err != nil {
		_ = conn.Close() // nothing can be said any more
		return nil, errGone
	}
	return v, nil
}

// bareConn makes a connection ready for writes that do not wait.
func (s *Server) bareConn(conn net.Conn) (net.Conn, syscall.RawConn, error) {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		if err := conn.SetDeadline(time.Time{}); err != nil {
			return nil, nil, fmt.Errorf("reset deadline: %w", err)
		}
		shrink(conn, viewerBuffer)
		return newQueued(conn, s.config.WriteTimeout), nil, nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil, nil, fmt.Errorf("raw connection: %w", err)
	}
	shrink(conn, viewerBuffer)
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return nil, nil, fmt.Errorf("reset deadline: %w", err)
	}
	return conn, raw, nil
}

// headOf is the head of the response. The connection ends with it.
func headOf(c echo.Context, framing event.Framing, chunked bool) []byte {
	h := c.Response().Header().Clone()
	h.Set("Content-Type", mimeOf(framing))
	h.Set("Cache-Control", "no-cache")
	h.Set("Connection", "close")
	h.Set("X-Accel-Buffering", "no")
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	if chunked {
		h.Set("Transfer-Encoding", "chunked")
	}
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 200 OK\r\n")
	_ = h.Write(&b) // a buffer never fails
	b.WriteString("\r\n")
	return b.Bytes()
}

// frame is an encoded sample: as a chunk (RFC 9112, section 7.1), and bare.
type frame struct{ chunk, bare []byte }

func newFrame(f event.Framing, object []byte) *frame {
	body := f.Append(nil, slices.Concat([]byte("data: "), object, []byte("\n\n")))
	b := fmt.Appendf(nil, "%x\r\n", len(body))
	start := len(b)
	b = append(append(b, body...), "\r\n"...)
	return &frame{chunk: b, bare: b[start : start+len(body)]}
}

// show sends the newest frame, or goes on with the one that was begun: a
// frame is sent whole or not at all, and none waits behind another.
func (v *viewer) show(f *frame, write nonblocking) error {
	if len(v.rest) > 0 {
		if err := v.push(write); err != nil || len(v.rest) > 0 {
			return err
		}
	}
	v.rest = f.chunk
	if !v.chunked {
		v.rest = f.bare
	}
	if v.head != nil {
		v.rest = append(v.head, v.rest...)
		v.head = nil
	}
	return v.push(write)
}

// push writes what the connection takes now.
func (v *viewer) push(write nonblocking) error {
	n, err := v.write(write, v.rest)
	if err != nil {
		return err
	}
	v.rest = v.rest[n:]
	switch {
	case len(v.rest) == 0:
		v.rest = nil // which the frame would live for
		v.since = time.Time{}
	case n > 0 || v.since.IsZero():
		v.since = time.Now()
	}
	return nil
}

func (v *viewer) write(write nonblocking, p []byte) (int, error) {
	if q, ok := v.conn.(*queued); ok {
		return q.offer(p)
	}
	return write(v.conn, v.raw, p)
}

// stalled reports whether the connection has taken nothing for so long.
func (v *viewer) stalled(limit time.Duration) bool {
	return !v.since.IsZero() && time.Since(v.since) > limit
}

// end closes the connection, after the end of the body where that fits.
func (v *viewer) end(write nonblocking) {
	if len(v.rest) == 0 && v.head == nil && v.chunked {
		_, _ = v.write(write, []byte("0\r\n\r\n")) // cut off otherwise
	}
	_ = v.conn.Close()
}

// nonblocking writes as much of p as a connection takes without waiting,
// which may be nothing.
type nonblocking func(conn net.Conn, raw syscall.RawConn, p []byte) (int, error)
