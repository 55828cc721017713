package httpapi

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// series has a client do so many runs that take so long, one after the other.
func (p *sprint) series(n int, took time.Duration) {
	r := httptest.NewRequest(http.MethodPost, "/session/s/run", http.NoBody)
	for range n {
		p.enter(r)
		p.leave(r, took)
	}
}

// A sprint begins with the eighth short run of a series, and ends with whatever
// is not one more of them, or with a silence.
func TestSprint_BeginsAndEnds(t *testing.T) {
	run := httptest.NewRequest(http.MethodPost, "/session/s/run", http.NoBody)
	for name, end := range map[string]func(*sprint){
		"two at once":     func(p *sprint) { p.enter(run); p.enter(run) },
		"another request": func(p *sprint) { p.enter(httptest.NewRequest(http.MethodGet, "/session/s", http.NoBody)) },
		"a long run":      func(p *sprint) { p.series(1, 2*time.Millisecond) },
		"something runs":  func(p *sprint) { p.enter(run); p.stop() },
		"silence":         func(*sprint) { time.Sleep(3 * sprintSilence) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var told []bool
				p := &sprint{changed: func(on bool) { told = append(told, on) }}
				p.series(sprintRuns-1, sprintRun)
				if p.on.Load() || p.patience() != 0 {
					t.Fatal("it has begun too soon")
				}
				p.series(1, sprintRun)
				if !p.on.Load() || p.patience() == 0 {
					t.Fatal("it has not begun")
				}
				for range 10 {
					time.Sleep(sprintSilence / 2)
					p.series(1, 0)
				}
				if !p.on.Load() {
					t.Error("it has ended too soon")
				}
				end(p)
				synctest.Wait()
				if p.on.Load() || !slices.Equal(told, []bool{true, false}) {
					t.Errorf("it goes on: %v", told)
				}
				time.Sleep(3 * sprintSilence)
			})
		})
	}
}

// Runs that are not alone make no sprint, however many there are.
func TestSprint_NotAlone(t *testing.T) {
	var p sprint
	other := httptest.NewRequest(http.MethodGet, "/ping", http.NoBody)
	p.enter(other)
	p.series(5*sprintRuns, 0)
	p.leave(other, time.Second)
	if p.on.Load() {
		t.Error("it has begun beside another request")
	}
	for range 5 {
		p.series(sprintRuns-1, 0)
		p.enter(other)
		p.leave(other, 0)
	}
	if p.on.Load() {
		t.Error("it has begun in spite of other requests")
	}
}

// Whoever stops a sprint that just begins stops it: it would go on beside
// whatever else there is.
func TestSprint_StoppedAsItBegins(t *testing.T) {
	for range 20_000 {
		var p sprint
		p.series(sprintRuns-1, 0)
		var both sync.WaitGroup
		var ready atomic.Int32
		at := func(do func()) {
			both.Go(func() {
				for ready.Add(1); ready.Load() < 2; {
					runtime.Gosched()
				}
				do()
			})
		}
		at(func() { p.series(1, 0) })
		at(func() { p.stop() })
		both.Wait()
		if p.on.Load() && p.streak.Load() == 0 {
			t.Fatal("it goes on, and nothing can stop it")
		}
		p.stop()
	}
}

// One that begins again before the silence behind the first would have ended it
// goes on as long as there are runs, and no longer.
func TestSprint_Again(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p sprint
		for range 5 {
			p.series(sprintRuns, 0)
			p.stop()
			p.series(sprintRuns, 0)
			for range 10 {
				time.Sleep(sprintSilence * 3 / 4)
				p.series(1, 0)
			}
			if !p.on.Load() {
				t.Fatal("it has ended too soon")
			}
		}
		time.Sleep(3 * sprintSilence)
		if p.on.Load() {
			t.Error("it goes on")
		}
	})
}
