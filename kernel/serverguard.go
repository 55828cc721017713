package kernel

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"execd/kernel/jupyter"
	"execd/kernel/wire"
)

const (
	// guardEvery is how often a kernel that runs something is looked at: twice
	// before the second is over within which the run must know of its death.
	guardEvery = 200 * time.Millisecond

	// firstLook and lastLook bound how long a kernel may be silent until the
	// server is asked for it; in between it doubles. A kernel that somebody
	// deleted is silent for ever, and one that computes is too.
	firstLook = 400 * time.Millisecond
	lastLook  = 10 * time.Second
)

// task runs f in a goroutine that ends before the kernel's Done.
func (k *serverKernel) task(f func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err == nil {
		k.tasks.Go(f)
	}
}

// watchOver starts guard where it does not run.
func (k *serverKernel) watchOver() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err == nil && !k.guarded {
		k.guarded = true
		k.tasks.Go(k.guard)
	}
}

// busy reports whether something runs; guard has to end if not.
func (k *serverKernel) busy() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.guarded = len(k.running) > 0
	return k.guarded
}

// guard looks after a kernel that runs something. The server itself looks
// every 3 s whether the process is there (KernelRestarter.time_to_dead), which
// is too late; where the process can be seen from here, it is.
func (k *serverKernel) guard() {
	ticker := time.NewTicker(guardEvery)
	defer ticker.Stop()
	gone, seen, spoke, patience := false, k.messages.Load(), time.Now(), firstLook
	for {
		select {
		case <-ticker.C:
		case <-k.ctx.Done():
			return
		}
		if !k.busy() {
			return
		}
		if gone { // since the last look; what it said last is here by now
			k.die("kernel died: its process is gone")
			return
		}
		gone = k.process.gone()
		if now := k.messages.Load(); now != seen {
			seen, spoke, patience = now, time.Now(), firstLook
		}
		if k.conn.Load() != nil && time.Since(spoke) >= patience {
			k.ask()
			spoke, patience = time.Now(), min(2*patience, lastLook)
		}
	}
}

// ask asks the server whether it has the kernel. That there is no answer is
// left to the connection, which knows better.
func (k *serverKernel) ask() {
	ctx, cancel := context.WithTimeout(k.ctx, k.server.cfg.RequestTimeout)
	defer cancel()
	if err := k.look(ctx); err != nil {
		k.vanished(err)
	}
}

// vanished ends the kernel if err says that the server does not know it.
func (k *serverKernel) vanished(err error) bool {
	if !errors.Is(err, jupyter.ErrGone) {
		return false
	}
	k.end(&endedError{text: "kernel is not on the Jupyter server any more", cause: err})
	return true
}

// limitNotices begin what Jupyter Server writes to the stderr of a cell, of
// which it drops output from then on.
var limitNotices = []string{"IOPub data rate exceeded.", "IOPub message rate exceeded."}

// maxNotice is above the length of such a message, about 500 bytes.
const maxNotice = 2 << 10

// onLimit says that output is missing where the server does, by default above
// 1 MB/s or 1,000 messages/s, averaged over 3 s. The options are
// iopub_data_rate_limit and iopub_msg_rate_limit; 0 is no limit.
func (k *serverKernel) onLimit(m *wire.Message) {
	if m.Type != "stream" || len(m.Content) > maxNotice {
		return
	}
	name, text, ok := scanStream(m.Content)
	isNotice := func(beginning string) bool { return strings.HasPrefix(text, beginning) }
	if !ok || name != "stderr" || !slices.ContainsFunc(limitNotices, isNotice) {
		return
	}
	if e := k.find(m.ParentID); e != nil {
		e.show(Output{Kind: KindDropped, Text: strings.Join(strings.Fields(text), " ")})
	}
}
