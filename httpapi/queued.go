package httpapi

import (
	"net"
	"time"
)

// queued is a connection that has no writes that do not wait, because of its
// TLS: a goroutine waits in the place of the one that serves all.
type queued struct {
	net.Conn
	frames chan []byte   // cap 1: with the one being written, all that may be old
	ended  chan struct{} // the goroutine
}

func newQueued(conn net.Conn, timeout time.Duration) *queued {
	q := &queued{Conn: conn, frames: make(chan []byte, 1), ended: make(chan struct{})}
	go q.run(timeout)
	return q
}

func (q *queued) run(timeout time.Duration) {
	defer close(q.ended)
	for frame := range q.frames {
		if q.SetWriteDeadline(time.Now().Add(timeout)) != nil {
			return
		}
		if _, err := q.Write(frame); err != nil {
			return
		}
	}
}

// offer takes all of a frame or nothing of it. The frame is not changed
// afterwards, by either side.
func (q *queued) offer(frame []byte) (int, error) {
	select {
	case <-q.ended:
		return 0, net.ErrClosed
	default:
	}
	select {
	case q.frames <- frame:
		return len(frame), nil
	default:
		return 0, nil
	}
}

// Close gives what was taken a moment to leave. Only the one that offers may
// call it, once.
func (q *queued) Close() error {
	close(q.frames)
	select {
	case <-q.ended:
	case <-time.After(lastWords):
	}
	err := q.Conn.Close() // ends a write that waits
	<-q.ended
	return err //nolint:wrapcheck // it is the connection
}
