package actors_test

import (
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"execd/actors"
	"execd/actors/msg"
	"execd/metrics"
)

func getMetrics() msg.GetMetrics { return msg.GetMetrics{Reply: msg.NewReply[msg.Metrics]()} }

func watchMetrics(interval time.Duration) msg.WatchMetrics {
	return msg.WatchMetrics{Reply: msg.NewReply[*msg.Feed](), Interval: interval}
}

// nextSample waits for a sample behind the time after.
func (s *system) nextSample(f *msg.Feed, after time.Time) msg.Metrics {
	s.t.Helper()
	ctx := deadline(s.t)
	for {
		m, next := f.Latest()
		if m.Time.After(after) {
			return m
		}
		select {
		case <-next:
		case <-ctx.Done():
			s.t.Fatalf("no sample at an interval of %v", f.Interval)
		}
	}
}

// readMetrics does with metrics what can be done with them.
func readMetrics(_ *testing.T, s *system, _ func(msg.Execution, error) msg.Execution) {
	_, _ = ask(s, getMetrics())
	f, err := ask(s, watchMetrics(msg.MetricsGrid))
	if err != nil {
		return // the fault that was injected
	}
	first := s.nextSample(f, time.Time{})
	second := s.nextSample(f, first.Time) // both may have been taken because somebody asked
	s.nextSample(f, second.Time)
	f.Leave()
	_, _ = ask(s, getMetrics()) // behind the leave
}

// TestMetrics_First: whoever asks at once gets what there is.
func TestMetrics_First(t *testing.T) {
	got := must(start(t, nil), getMetrics())
	if got.Time.IsZero() || got.Own.MemTotal == 0 || got.Own.CPUs == 0 || got.Host.MemTotal < got.Own.MemTotal {
		t.Errorf("got %+v", got)
	}
}

// TestMetrics_Counts: the tree's own numbers are in it.
func TestMetrics_Counts(t *testing.T) {
	s := start(t, nil)
	x := must(s, s.command("true"))
	must(s, s.code("pass"))
	reader := x.Log.Cursor(0)
	defer reader.Close()
	f := must(s, watchMetrics(msg.MetricsGrid))
	defer f.Leave()
	f.SetReaders(7)
	m := s.nextSample(f, time.Now())
	for m.Executions != 0 || m.Contexts != 1 { // both runs have ended
		m = s.nextSample(f, m.Time)
	}
	if m.Streams != 8 || m.Sessions != 0 || m.Terminals != 0 {
		t.Errorf("%d streams, want one of a log and seven of metrics; %+v", m.Streams, m)
	}
}

// TestMetrics_Intervals: each interval has its own samples, on one clock, and
// all who read one share them.
func TestMetrics_Intervals(t *testing.T) {
	s := start(t, nil)
	fast, slow := must(s, watchMetrics(100*time.Millisecond)), must(s, watchMetrics(250*time.Millisecond))
	if slow.Interval != 300*time.Millisecond {
		t.Errorf("250 ms became %v, want the next multiple of %v", slow.Interval, msg.MetricsGrid)
	}
	again := must(s, watchMetrics(100*time.Millisecond))
	if again != fast {
		t.Error("two readers of one interval do not share their feed")
	}
	var last time.Time
	for range 4 {
		m := s.nextSample(fast, last)
		if last.After(m.Time) {
			t.Errorf("a sample of %v comes behind that of %v", m.Time, last)
		}
		last = m.Time
	}
	s.nextSample(slow, last)
	again.Leave()
	last = s.nextSample(fast, time.Now()).Time // somebody still reads it
	fast.Leave()
	slow.Leave()
	renewed := must(s, watchMetrics(100*time.Millisecond)) // behind the two: messages of one sender arrive in order
	defer renewed.Leave()
	if renewed == fast {
		t.Error("a feed outlives its readers")
	}
	if m, _ := renewed.Latest(); m.Time.IsZero() {
		t.Error("a new feed has no sample at once")
	}
	s.nextSample(renewed, last)
}

// TestMetrics_Phases: readers of one interval can be spread over it.
func TestMetrics_Phases(t *testing.T) {
	s := start(t, nil)
	early, late := watchMetrics(300*time.Millisecond), watchMetrics(300*time.Millisecond)
	late.Phase = 1
	first, second := must(s, early), must(s, late)
	defer first.Leave()
	defer second.Leave()
	if first == second {
		t.Fatal("two phases share a feed")
	}
	a := s.nextSample(first, time.Now())
	for range 2 { // the first two of a system are for whoever has just come
		a = s.nextSample(first, a.Time)
	}
	b := s.nextSample(second, a.Time)
	c := s.nextSample(first, a.Time)
	if !b.Time.Before(c.Time) {
		t.Errorf("samples of %v and %v, and that between the two at %v", a.Time, c.Time, b.Time)
	}
	for _, phase := range []int{-1, 3} {
		bad := watchMetrics(300 * time.Millisecond)
		bad.Phase = phase
		if _, err := ask(s, bad); err == nil {
			t.Errorf("there is a phase %d of three", phase)
		}
	}
}

func TestMetrics_Bounds(t *testing.T) {
	s := start(t, nil)
	for _, interval := range []time.Duration{-1, 0, 99 * time.Millisecond, msg.MetricsLongest + 1} {
		var refusal *msg.Error
		if _, err := ask(s, watchMetrics(interval)); !errors.As(err, &refusal) || refusal.Code != msg.InvalidRequest {
			t.Errorf("an interval of %v: %v", interval, err)
		}
	}
}

// TestMetrics_Restart: who reads does not notice that the watcher failed.
func TestMetrics_Restart(t *testing.T) {
	var armed, hit atomic.Bool
	s := start(t, func(c *actors.Config) {
		c.Fault = func(class actors.Class, _ any) {
			if class == "metrics" && armed.CompareAndSwap(true, false) {
				hit.Store(true)
				panic("injected")
			}
		}
	})
	f := must(s, watchMetrics(100*time.Millisecond))
	defer f.Leave()
	last := s.nextSample(f, time.Time{})
	for range 3 {
		armed.Store(true)
		for hit.Store(false); !hit.Load(); {
			last = s.nextSample(f, last.Time)
		}
		last = s.nextSample(f, last.Time)
	}
	must(s, getMetrics())
}

// TestMetrics_None: where nothing can be measured it says so, and execd works.
func TestMetrics_None(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc to leave out")
	}
	s := start(t, func(c *actors.Config) { c.Metrics = metrics.Config{Root: t.TempDir()} })
	if _, err := ask(s, getMetrics()); err == nil || !strings.Contains(err.Error(), "no metrics") {
		t.Errorf("got %v, want to be told that there are none", err)
	}
	must(s, s.command("true"))
}
