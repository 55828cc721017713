package actors

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rs/zerolog"

	"execd/actors/event"
)

// What lasts is told so once, what is over is not, and the timer rests when there is nothing.
func TestPulse(t *testing.T) {
	t.Parallel()
	var p pulse
	var over atomic.Int32
	for range 100 {
		p.begin(func() { over.Add(1) }).over.Store(true)
	}
	lasts := make(chan int, 100)
	for i := range 50 {
		p.begin(func() { lasts <- i })
	}
	for want := range 50 {
		if i := <-lasts; i != want {
			t.Errorf("%d came in place of %d", i, want)
		}
	}
	for done := false; !done; {
		p.mu.Lock()
		done = !p.beats && len(p.young)+len(p.old) == 0
		p.mu.Unlock()
	}
	if n := over.Load(); n != 0 || len(lasts) != 0 {
		t.Errorf("%d that were over are said to last, %d are told again", n, len(lasts))
	}
}

// Workers wait for more to do, a few of them, and are gone with the system; one that panics goes on.
func TestWork(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	s := Start(Config{Log: zerolog.New(&log).Level(zerolog.Disabled), Store: event.NewStore(t.TempDir(), event.Limits{}, nil)})
	gate, done := make(chan struct{}), make(chan error, 20)
	for range 20 { // at the same time
		s.work(classRoot, func() { <-gate; done <- nil }, nil)
	}
	close(gate)
	for range 20 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for range 100 {
		s.work(classRoot, func() { panic("injected") }, func(err error) { done <- err })
		if err := <-done; !errors.Is(err, errWorker) {
			t.Errorf("a panic is told as %v", err)
		}
		if n := s.resting.Load(); n > maxResting+20 {
			t.Errorf("%d workers rest", n)
		}
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}
