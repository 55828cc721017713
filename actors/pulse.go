package actors

import (
	"sync"
	"sync/atomic"
	"time"
)

// pulsePeriod is short beside what anybody notices, and long beside a run that
// does nothing.
const pulsePeriod = time.Millisecond / 2

// pulse tells what lasts from what is over at once: between one and two
// periods after its beginning. A timer for each would wake the thread that waits
// for the network, to have it wait for less long; so all have one. The zero
// value is ready.
type pulse struct {
	mu         sync.Mutex
	beats      bool
	young, old []*beginning
}

// beginning is of something that may be over at once.
type beginning struct {
	lasts func()
	over  atomic.Bool
}

// begin has lasts called unless that is over by then. It must not block.
func (p *pulse) begin(lasts func()) *beginning {
	b := &beginning{lasts: lasts}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.young = append(p.young, b)
	if !p.beats {
		p.beats = true
		time.AfterFunc(pulsePeriod, p.beat)
	}
	return b
}

func (p *pulse) beat() {
	p.mu.Lock()
	due := p.old
	p.old, p.young = p.young, nil
	p.beats = len(p.old) > 0
	if p.beats {
		time.AfterFunc(pulsePeriod, p.beat)
	}
	p.mu.Unlock()
	for _, b := range due {
		if !b.over.Load() {
			b.lasts()
		}
	}
}
