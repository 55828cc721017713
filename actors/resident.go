package actors

import (
	"context"
	"sync"
	"time"

	"execd/actors/msg"
	"execd/shell"
)

// resident is what a session is, apart from its actor. All methods may be
// called from any goroutine.
type resident struct {
	id      string
	dir     string
	env     map[string]string
	retry   msg.Retry
	created time.Time

	mu      sync.Mutex
	shell   *shell.Session
	failure error
	waiting []msg.Reply[msg.Session]
	closed  bool // a shell that comes late is nobody's
	running string
	queued  int
}

// whenReady answers q with the session once its shell runs.
func (r *resident) whenReady(q msg.Reply[msg.Session]) {
	r.mu.Lock()
	failure, ready := r.failure, r.shell != nil
	if failure == nil && !ready {
		r.waiting = append(r.waiting, q)
	}
	r.mu.Unlock()
	switch {
	case failure != nil:
		q.Fail(failure)
	case ready:
		q.Answer(r.snapshot())
	}
}

// adopt keeps the shell. It reports false when the session is over already.
func (r *resident) adopt(sh *shell.Session) bool {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return false
	}
	r.shell = sh
	waiting := r.waiting
	r.waiting = nil
	r.mu.Unlock()
	for _, q := range waiting {
		q.Answer(r.snapshot())
	}
	return true
}

func (r *resident) isFailed(err error) {
	r.mu.Lock()
	r.failure = err
	waiting := r.waiting
	r.waiting = nil
	r.mu.Unlock()
	for _, q := range waiting {
		q.Fail(err)
	}
}

// close ends the shell and everything that was started in it, and tells how
// many processes that were.
func (r *resident) close(ctx context.Context) int {
	r.mu.Lock()
	r.closed = true
	sh := r.shell
	r.mu.Unlock()
	if sh == nil {
		return 0
	}
	return sh.Close(ctx)
}

func (r *resident) current() *shell.Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.shell
}

// note keeps what is told about the queue.
func (r *resident) note(running string, queued int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running, r.queued = running, queued
}

func (r *resident) snapshot() msg.Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := msg.Session{ID: r.id, Dir: r.dir, Running: r.running, Queued: r.queued, Created: r.created}
	if r.shell != nil {
		s.Dir = r.shell.Dir()
	}
	return s
}
