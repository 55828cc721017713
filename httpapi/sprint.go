package httpapi

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// sprintRuns is how many runs make a sprint: as few as there can be without
	// one for each client that has two things to do.
	sprintRuns = 8
	// sprintRun is how long a run of a sprint takes at most.
	sprintRun = time.Millisecond
	// sprintSilence is after how long without a run it is over.
	sprintSilence = 100 * time.Millisecond
	// sprintLook is how long the end of a run is looked for: about three times as
	// long as one that does nothing takes.
	sprintLook = 200 * time.Microsecond
)

// sprint is when one client has one short run after the other in its sessions,
// and nobody wants anything else. Of what such a run takes the larger part is to
// wake threads and to sleep, on both sides of two pipes and a socket. So in a sprint
// those who wait look for a moment before they sleep, as the kernel itself does
// before it halts a processor. All methods may be called from any goroutine.
type sprint struct {
	changed func(on bool) // told, in turns, when one begins and ends

	requests atomic.Int32 // being answered
	streak   atomic.Int64 // short runs since anything else happened
	runs     atomic.Int64 // for who watches for silence
	on       atomic.Bool

	mu      sync.Mutex  // of who begins or ends one, and of what follows
	silence *time.Timer // ends it
	heard   int64       // runs, when that was set
}

// isRun reports whether a request wants a run in a session.
func isRun(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/session/") && strings.HasSuffix(r.URL.Path, "/run")
}

// enter is told of each request, leave of its end.
func (p *sprint) enter(r *http.Request) {
	if p.requests.Add(1) > 1 || !isRun(r) {
		p.stop()
	}
}

func (p *sprint) leave(r *http.Request, took time.Duration) {
	switch {
	case p.requests.Add(-1) > 0, !isRun(r):
	case took > sprintRun:
		p.stop()
	default:
		p.runs.Add(1)
		if p.streak.Add(1) == sprintRuns {
			p.start()
		}
	}
}

func (p *sprint) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.on.Load() || p.streak.Load() < sprintRuns { // somebody was faster
		return
	}
	p.on.Store(true)
	p.tell(true)
	p.heard = p.runs.Load()
	if p.silence == nil {
		p.silence = time.AfterFunc(sprintSilence, p.listen)
		return
	}
	p.silence.Reset(sprintSilence) // also where the one before has set it: there is one
}

// listen ends the sprint after a silence.
func (p *sprint) listen() {
	if p.isSilent() {
		p.stop()
	}
}

func (p *sprint) isSilent() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.runs.Load()
	silent := now == p.heard
	if p.on.Load() && !silent {
		p.heard = now
		p.silence.Reset(sprintSilence)
	}
	return silent
}

// stop ends the sprint, if there is one.
func (p *sprint) stop() {
	if p.streak.Load() == 0 || p.streak.Swap(0) < sprintRuns { // then none has begun, nor is about to
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.on.Swap(false) {
		p.tell(false)
	}
}

func (p *sprint) tell(on bool) {
	if p.changed != nil {
		p.changed(on)
	}
}

// patience is how long the end of a run is looked for; 0 outside of a sprint.
func (p *sprint) patience() time.Duration {
	if !p.on.Load() {
		return 0
	}
	return sprintLook
}
