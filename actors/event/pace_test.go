package event_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"execd/actors/event"
)

const window = 10 * time.Second

// small makes a log evict within some hundred kilobytes.
var small = event.Limits{MemoryPerLog: 64 * kib, DiskPerLog: 256 * kib, Pace: window}

// paced runs fn in a bubble with a log that paces, whose owner has read the
// first event, and a producer that appends far more than the disk limit: once
// with a log of its own texts, and once over an output.
func paced(t *testing.T, fn func(p *producer)) {
	t.Helper()
	for name, open := range map[string]func(*event.Store, *producer){
		"log": func(s *event.Store, p *producer) {
			p.log, p.remove = s.NewLog("x"), func() {}
			p.print = func(line string) { text(p.log, line) }
		},
		"over": func(s *event.Store, p *producer) {
			var o *event.Output
			p.log, o = s.NewLogOver("x")
			p.print, p.remove = func(line string) { whole(p.log, []byte(line)) }, o.Remove
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				p := &producer{t: t, done: make(chan struct{}), start: time.Now()}
				open(event.NewStore(dir, small, func(err error) { t.Error(err) }), p)
				l := p.log
				l.Pace()
				l.Append(event.Event{Type: event.TypeInit})
				p.owner = l.Cursor(0)
				l.Own(p.owner)
				p.take(p.owner)
				fn(p)
				synctest.Wait()
				p.finished()
				p.owner.Close()
				l.Remove()
				p.remove()
			})
		})
	}
}

type producer struct {
	t      *testing.T
	log    *event.Log
	print  func(line string)
	remove func() // what the log is over
	owner  *event.Cursor
	done   chan struct{}
	start  time.Time
}

func (p *producer) run(size int) {
	go func() {
		defer close(p.done)
		for range size / kib {
			p.print(strings.Repeat("x", kib))
		}
	}()
	synctest.Wait()
}

func (p *producer) take(c *event.Cursor) {
	p.t.Helper()
	if _, wait, err := c.Take(); wait != nil || err != nil {
		p.t.Fatal(wait, err)
	}
}

// waits checks that the producer is held up.
func (p *producer) waits() {
	p.t.Helper()
	select {
	case <-p.done:
		p.t.Error("the producer did not wait")
	default:
	}
	if oldest := p.log.Range().Oldest; oldest != 1 {
		p.t.Errorf("evicted up to %d meanwhile", oldest)
	}
}

func (p *producer) finished() {
	p.t.Helper()
	select {
	case <-p.done:
	default:
		p.t.Error("the producer still waits")
		<-p.done
	}
}

func (p *producer) took() time.Duration { return time.Since(p.start) }

// The owner reads everything, however much it is and however late it starts.
func TestPace_OwnerGetsAll(t *testing.T) {
	paced(t, func(p *producer) {
		p.run(4 * mib)
		p.waits()
		for p.log.Range().Last < 4*kib+1 || p.owner.After() < p.log.Range().Last {
			p.take(p.owner)
			synctest.Wait()
		}
		if p.took() != 0 {
			p.t.Errorf("time passed: %v", p.took())
		}
	})
}

// Below the disk limit nobody waits.
func TestPace_OnlyAtTheLimit(t *testing.T) {
	paced(t, func(p *producer) {
		p.run(200 * kib)
		p.finished()
	})
}

// All waits together last as long as the window, and then the owner is told.
func TestPace_Window(t *testing.T) {
	paced(t, func(p *producer) {
		p.run(2 * mib)
		p.waits()
		time.Sleep(window / 2)
		synctest.Wait()
		p.waits()
		for range 4 { // some progress does not make the window longer
			p.take(p.owner)
		}
		synctest.Wait()
		<-p.done
		if p.took() != window {
			p.t.Errorf("waited for %v in all, want %v", p.took(), window)
		}
		var evicted *event.EvictedError
		if _, _, err := p.owner.Take(); !errors.As(err, &evicted) {
			p.t.Errorf("the owner that did not read: %v", err)
		}
	})
}

func TestPace_OthersDoNot(t *testing.T) {
	paced(t, func(p *producer) {
		other := p.log.Cursor(0)
		defer other.Close()
		p.take(other)
		p.owner.Close()
		p.run(2 * mib)
		p.finished()
		if p.took() != 0 {
			p.t.Errorf("waited for %v", p.took())
		}
	})
}

func TestPace_OwnerLeaves(t *testing.T) {
	paced(t, func(p *producer) {
		p.run(2 * mib)
		p.waits()
		p.owner.Close()
		<-p.done
		if p.took() != 0 {
			p.t.Errorf("waited for %v", p.took())
		}
	})
}

// Another owner that has read everything so far frees the producer.
func TestPace_AnotherOwner(t *testing.T) {
	paced(t, func(p *producer) {
		p.run(2 * mib)
		p.waits()
		other := p.log.Cursor(p.log.Range().Last)
		p.log.Own(other)
		other.Close()
		<-p.done
		if p.took() != 0 {
			p.t.Errorf("waited for %v", p.took())
		}
	})
}

func TestPace_Remove(t *testing.T) {
	paced(t, func(p *producer) {
		p.run(2 * mib)
		p.waits()
		p.log.Remove()
		<-p.done
		if _, _, err := p.owner.Take(); !errors.Is(err, event.ErrRemoved) {
			p.t.Errorf("%v", err)
		}
		if p.took() != 0 {
			p.t.Errorf("waited for %v", p.took())
		}
	})
}

// Who owns a log that is removed at that moment does not hold anybody up.
func TestPace_OwnAfterRemove(t *testing.T) {
	paced(t, func(p *producer) {
		p.log.Remove()
		p.log.Own(p.owner)
		p.run(2 * mib)
		p.finished()
	})
}

// Only the producer waits: what an actor says gets in and returns at once, and
// nothing is lost by it.
func TestPace_ActorsDoNotWait(t *testing.T) {
	paced(t, func(p *producer) {
		p.run(mib)
		p.waits()
		p.log.Append(event.Event{Type: event.TypeStatus, Status: "killed"})
		if !p.log.End(event.Event{Type: event.TypeComplete}) {
			p.t.Error("not ended")
		}
		p.log.Unload()
		p.waits()
		if p.took() != 0 {
			p.t.Errorf("waited for %v", p.took())
		}
		var all strings.Builder
		for p.owner.After() < p.log.Range().Last {
			chunk, _, err := p.owner.Take()
			if err != nil {
				p.t.Fatal(err)
			}
			all.Write(chunk.Frames)
			synctest.Wait()
		}
		if s := all.String(); !strings.Contains(s, `"killed"`) || !strings.Contains(s, "execution_complete") {
			p.t.Errorf("the end is missing: %q", s[max(0, len(s)-200):])
		}
	})
}
