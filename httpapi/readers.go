package httpapi

import (
	"context"
	"errors"
	"net"
	"sync"
)

// readers are the connections that were taken, for the end of the server. All
// methods may be called from any goroutine.
type readers struct {
	mu    sync.Mutex
	n     int
	conns map[net.Conn]struct{}
	none  chan struct{} // closed when there are none; nil where nobody waits
}

// enter is for a reader whose connection is still net/http's: so none comes
// behind the end of its Shutdown.
func (r *readers) enter() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n++
}

func (r *readers) add(conn net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conns == nil {
		r.conns = map[net.Conn]struct{}{}
	}
	r.conns[conn] = struct{}{}
}

func (r *readers) leave(conn net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, conn)
	r.n--
	if r.n == 0 && r.none != nil {
		close(r.none)
		r.none = nil
	}
}

var errReadersLeft = errors.New("some readers are left")

// wait returns when all have left, or an error when ctx is over first.
func (r *readers) wait(ctx context.Context) error {
	r.mu.Lock()
	if r.n == 0 {
		r.mu.Unlock()
		return nil
	}
	if r.none == nil {
		r.none = make(chan struct{})
	}
	none := r.none
	r.mu.Unlock()
	select {
	case <-none:
		return nil
	case <-ctx.Done():
		return errReadersLeft
	}
}

// cut closes the connections of all who are left.
func (r *readers) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for conn := range r.conns {
		_ = conn.Close() // which ends its reader
	}
}
