package actors

import (
	"context"
	"sync"
	"time"

	"execd/actors/msg"
	"execd/kernel"
)

// The states of a context.
const (
	contextStarting = "starting"
	contextIdle     = "idle"
	contextBusy     = "busy"
	contextDead     = "dead" // the next run starts a new kernel
)

// notebook is what a context is, apart from its actor: it is handed to each
// incarnation, so that a restart of the actor finds its kernel and the run in
// it again. The fields above mu never change, those below queue are the
// actor's alone.
type notebook struct {
	id       string
	language string
	dir      string
	env      map[string]string
	retry    msg.Retry
	standard bool // the default context of its language
	created  time.Time

	mu      sync.Mutex
	state   string
	ready   bool // it was ready once
	failure error
	waiting []msg.Reply[msg.Context]
	kernel  kernel.Kernel
	closed  bool // a kernel that comes late is nobody's
	attempt int  // number of the newest start of a kernel, written by the actor

	queue    []*cell
	running  *cell
	resolved bool   // its language has a kernel
	starting bool   // a worker is starting one; false in a new incarnation
	fresh    string // why the kernel has lost the state of an earlier one, until a run is told
}

// whenReady answers r with the context once its kernel can run code.
func (n *notebook) whenReady(r msg.Reply[msg.Context]) {
	n.mu.Lock()
	failure, ready := n.failure, n.ready
	if failure == nil && !ready {
		n.waiting = append(n.waiting, r)
	}
	n.mu.Unlock()
	switch {
	case failure != nil:
		r.Fail(failure)
	case ready:
		r.Answer(n.snapshot())
	}
}

// adopt keeps a new kernel for whichever incarnation of the actor is there.
// It reports false when the context is over, has a kernel already, or has
// begun with another start meanwhile.
func (n *notebook) adopt(k kernel.Kernel, attempt int) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || n.kernel != nil || n.attempt != attempt {
		return false
	}
	n.kernel = k
	return true
}

// current is the kernel, or nil. The actor too asks here: the worker of a
// start gives its kernel at any time.
func (n *notebook) current() kernel.Kernel {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.kernel
}

// isReady answers everybody who waits for the kernel.
func (n *notebook) isReady() {
	n.mu.Lock()
	n.ready = true
	waiting := n.waiting
	n.waiting = nil
	n.mu.Unlock()
	for _, r := range waiting {
		r.Answer(n.snapshot())
	}
}

// failed is why there is no kernel and will be none.
func (n *notebook) failed() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.failure
}

// isFailed answers everybody who waits for a kernel that will not come.
func (n *notebook) isFailed(err error) {
	n.mu.Lock()
	n.failure = err
	waiting := n.waiting
	n.waiting = nil
	n.mu.Unlock()
	for _, r := range waiting {
		r.Fail(err)
	}
}

func (n *notebook) become(state string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.state = state
}

func (n *notebook) snapshot() msg.Context {
	n.mu.Lock()
	defer n.mu.Unlock()
	return msg.Context{ID: n.id, Language: n.language, Dir: n.dir, State: n.state, Default: n.standard, Created: n.created}
}

// begin numbers a new start of a kernel: one that comes of an earlier start is
// nobody's from now on. It returns the kernel there was, which is the caller's
// to end.
func (n *notebook) begin() (attempt int, old kernel.Kernel) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.attempt++
	old, n.kernel = n.kernel, nil
	return n.attempt, old
}

// takeKernel returns the kernel, which from now on is the caller's to end.
func (n *notebook) takeKernel() kernel.Kernel {
	n.mu.Lock()
	defer n.mu.Unlock()
	k := n.kernel
	n.kernel = nil
	return k
}

// abandon ends the kernel and all runs after the actor was given up.
func (n *notebook) abandon(s *System) {
	n.isFailed(msg.ErrCrashed)
	n.close(s)
	o := s.lost("this run and its context")
	if n.running != nil {
		n.running.execution.abandon(o)
	}
	for _, c := range n.queue {
		c.execution.abandon(o)
	}
	n.running, n.queue = nil, nil
}

// close ends the context: its kernel, and one that is only starting.
func (n *notebook) close(s *System) {
	n.condemn()
	n.endKernel(s)
}

// condemn says that the context is to be closed, whatever becomes of the
// message that does it.
func (n *notebook) condemn() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
}

func (n *notebook) isCondemned() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.closed
}

// kernelEnd bounds how long a kernel may take to end politely.
const kernelEnd = 5 * time.Second

// endKernel ends the kernel, if there is one, in the background.
func (n *notebook) endKernel(s *System) {
	k := n.takeKernel()
	if k == nil || s.draining.Load() && s.keepsKernels() { // it is found again after the next start
		return
	}
	s.work(classSession, func() { n.shutdown(context.Background(), s, k) }, nil)
}

// shutdown ends a kernel, if there is one, and returns when it is gone. When
// ctx ends, it is killed.
func (n *notebook) shutdown(ctx context.Context, s *System, k kernel.Kernel) {
	if k == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, kernelEnd)
	defer cancel()
	if err := k.Shutdown(ctx); err != nil {
		s.config.Log.Warn().Err(err).Str("context", n.id).Msg("kernel did not end in order")
	}
}

// killKernel ends a kernel without asking it.
func killKernel(k kernel.Kernel) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // Shutdown kills at once when its ctx is over
	_ = k.Shutdown(ctx)
}

// environment is a map of variables in the form that exec takes.
func environment(vars map[string]string) []string {
	env := make([]string, 0, len(vars))
	for k, v := range vars {
		env = append(env, k+"="+v)
	}
	return env
}
