package actors

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"execd/actors/event"
	"execd/actors/msg"
	"execd/fsops"
)

// lookout is what outlives the incarnations of a watch: its log, which the
// worker that observes the files appends to, and who waits for it. All methods
// may be called from any goroutine.
type lookout struct {
	id      string
	files   fsops.Watch
	first   int64 // the id before that of its first event
	log     *event.Log
	created time.Time

	mu      sync.Mutex
	begun   bool
	ready   bool
	stopped string // why it was told to end
	cancel  context.CancelCauseFunc
	failure error // why it never was ready
	waiting []msg.WatchFiles
}

// watchDisk is what the events of one watch may have in files: some hundred
// thousand changes for who comes back.
const watchDisk = 32 << 20

// newLookout makes a lookout that nobody is on yet. The ids of its events go
// on from the time, so that they are behind those of any lookout before it,
// also of another daemon: whoever comes back with such an id is told.
func newLookout(store *event.Store, q msg.WatchFiles) *lookout {
	now := time.Now()
	l := &lookout{id: newID(), files: fsops.Watch{Root: q.Path, Recursive: q.Recursive}, first: now.UnixMicro(), created: now}
	l.log = store.NewLogBehind(l.id, l.first, watchDisk)
	return l
}

// serves reports whether a request is for this lookout: one for the same
// files that either goes on from an event of it, or finds it still there.
func (l *lookout) serves(q msg.WatchFiles) (yes, exactly bool) {
	if l.files.Root != q.Path || l.files.Recursive != q.Recursive {
		return false, false
	}
	r := l.log.Range()
	exactly = q.After >= l.first && q.After <= r.Last
	return exactly || !r.Ended, exactly
}

// begin has a worker observe the files, once. The actor is told the end.
func (l *lookout) begin(s *System, self *actor.PID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.begun || l.stopped != "" {
		return
	}
	l.begun = true
	var ctx context.Context
	ctx, l.cancel = context.WithCancelCause(context.Background())
	l.log.OnReaders(func(n int) {
		if n == 0 {
			s.tell(self, lookoutIdle{})
		}
	})
	s.work(classWatch, func() {
		l.ended(l.files.Run(ctx, l.isReady, l.tell))
		s.tell(self, lookoutOver{})
	}, func(err error) {
		l.ended(err)
		s.tell(self, lookoutOver{})
	})
}

// tell appends a change.
func (l *lookout) tell(c fsops.Change) {
	l.log.Append(event.Event{Type: event.Type(c.Kind), Path: c.Path, From: c.From, Directory: c.Dir})
}

func (l *lookout) isReady() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ready = true
	l.answer()
}

// join answers a request once there is something to answer.
func (l *lookout) join(q msg.WatchFiles) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, q)
	l.answer()
}

// answer answers those who wait; mu is held.
func (l *lookout) answer() {
	if !l.ready && l.failure == nil {
		return
	}
	for _, q := range l.waiting {
		switch {
		case l.failure != nil:
			q.Fail(l.failure)
		case !q.Answered():
			q.Answer(l.place(q.After))
		}
	}
	l.waiting = nil
}

// place is where a reader goes on.
func (l *lookout) place(after int64) msg.Watch {
	last := l.log.Range().Last
	w := msg.Watch{Log: l.log}
	if w.Missed = after >= 0 && (after < l.first || after > last); w.Missed || after < 0 {
		after = l.log.Head()
	}
	w.Cursor = l.log.Cursor(after)
	return w
}

// ended ends the log with the reason, or tells who waits why there is no
// watch.
func (l *lookout) ended(cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ready && l.failure == nil {
		switch l.failure = cause; l.stopped {
		case "":
		case "failed":
			l.failure = msg.ErrCrashed
		default:
			l.failure = msg.ErrDraining
		}
	}
	e := event.Event{Type: event.TypeEnded, Path: l.files.Root, Reason: l.stopped}
	switch {
	case l.stopped != "":
	case errors.Is(cause, fsops.ErrRootGone):
		e.Reason = "removed"
	default:
		e.Reason, e.Text = "failed", cause.Error()
	}
	l.log.End(e)
	l.answer()
}

// close ends the lookout for a reason that its readers are told. Its worker
// does the rest, if there is one.
func (l *lookout) close(reason string) {
	l.mu.Lock()
	if l.stopped == "" {
		l.stopped = reason
	}
	begun, cancel := l.begun, l.cancel
	l.mu.Unlock()
	if !begun {
		l.ended(context.Canceled)
		return
	}
	cancel(context.Canceled)
}

// idle reports whether nobody reads or waits.
func (l *lookout) idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting) == 0 && l.log.Readers() == 0
}

// failed reports whether the lookout has never been ready and never will be.
func (l *lookout) failed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failure != nil
}
