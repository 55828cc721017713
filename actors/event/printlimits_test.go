package event_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"execd/actors/event"
)

// over is a log over an output whose texts all are of stdout.
func over(t *testing.T, limits event.Limits) (*event.Log, *event.Output) {
	t.Helper()
	l, o := event.NewStore(t.TempDir(), limits, func(err error) { t.Error(err) }).NewLogOver("x")
	t.Cleanup(func() {
		l.Remove()
		o.Remove()
	})
	return l, o
}

func whole(l *event.Log, p []byte) { l.Print(0, nil, p, len(p)) }

func letters(n int) []byte { return bytes.Repeat([]byte("x"), n) }

// What comes behind the end evicts events too, but not the terminal one.
func TestPrint_LateOutputEvicts(t *testing.T) {
	l, o := over(t, event.Limits{MemoryPerLog: 64 * kib, DiskPerLog: 256 * kib})
	whole(l, letters(100*kib))
	whole(l, letters(100*kib))
	l.End(event.Event{Type: event.TypeComplete})
	for range 100 {
		whole(l, letters(20*kib))
	}
	if r := l.Range(); r.Oldest != 3 || r.Last != 3 {
		t.Errorf("%+v", r)
	}
	if got := types(t, readAll(t, l, 2)); len(got) != 1 || got[0] != "execution_complete" {
		t.Errorf("%v", got)
	}
	evictedBelow(t, l, 3)
	if oldest, end := o.Range(); end != 2200*kib || oldest < 1500*kib {
		t.Errorf("bytes %d to %d", oldest, end)
	}
}

// One Take has about as much as a segment, however much there is.
func TestPrint_TakesAreBounded(t *testing.T) {
	l, _ := over(t, event.Limits{})
	for n := range 2000 {
		whole(l, letters(n))
	}
	whole(l, bytes.Repeat([]byte("y"), 3*event.MaxText))
	l.End(event.Event{Type: event.TypeComplete})
	c := l.Cursor(0)
	defer c.Close()
	takes := 0
	for last := l.Range().Last; c.After() < last; takes++ {
		chunk, wait, err := c.Take()
		if err != nil || wait != nil {
			t.Fatal(err)
		}
		if n := len(chunk.Frames); n > 66*kib && bytes.Count(chunk.Frames, []byte("\n\n")) > 1 || n > event.MaxText+kib {
			t.Fatalf("%d bytes of frames", n)
		}
	}
	if takes > 2000*2000/2/(48*kib)+5 {
		t.Errorf("it took %d", takes)
	}
}

// What a log and its output hold is told, and goes with them.
func TestPrint_Usage(t *testing.T) {
	dir := t.TempDir()
	store := event.NewStore(dir, event.Limits{MemoryPerLog: 256 * kib}, func(err error) { t.Error(err) })
	l, o := store.NewLogOver("x")
	for range 64 {
		whole(l, letters(60*kib))
		if m := store.Usage().Memory; m > 256*kib+slack {
			t.Fatalf("%d bytes in memory", m)
		}
	}
	l.End(event.Event{Type: event.TypeComplete})
	o.Close()
	onDisk, _ := diskOf(t, dir)
	u, r := store.Usage(), l.Range()
	if u.Disk != onDisk || r.Bytes != u.Memory+u.Disk || r.Bytes < 64*60*kib || r.Bytes > 64*61*kib {
		t.Errorf("%+v; %+v; %d bytes on disk", u, r, onDisk)
	}
	l.Unload()
	o.Unload()
	if u := store.Usage(); u.Memory != 0 || u.Disk != r.Bytes {
		t.Errorf("unloaded: %+v", u)
	}
	if n := len(types(t, readAll(t, l, 0))); n != 65 {
		t.Errorf("%d events", n)
	}
	l.Remove()
	o.Remove()
	if _, files := diskOf(t, dir); files != 0 || store.Usage().Disk != 0 || store.Usage().Memory != 0 {
		t.Errorf("%d files are left; %+v", files, store.Usage())
	}
}

// Where the disk refuses the oldest go, and the log says so.
func TestPrint_NoDisk(t *testing.T) {
	dir := t.TempDir() + "/file"
	if err := os.WriteFile(dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var failures atomic.Int32
	l, o := event.NewStore(dir, event.Limits{MemoryPerLog: 256 * kib}, func(error) { failures.Add(1) }).NewLogOver("x")
	defer o.Remove()
	defer l.Remove()
	for range 100 {
		whole(l, letters(40*kib))
	}
	l.End(event.Event{Type: event.TypeComplete})
	r := l.Range()
	if r.Last != 101 || r.Oldest < 90 || r.Oldest > 98 || failures.Load() != 1 {
		t.Errorf("%+v; %d failures", r, failures.Load())
	}
	if n := len(types(t, readAll(t, l, r.Oldest-1))); int64(n) != 102-r.Oldest {
		t.Errorf("%d events from %d on", n, r.Oldest)
	}
	evictedBelow(t, l, r.Oldest)
}

// A file that is gone is an error, and not the end.
func TestPrint_FileIsGone(t *testing.T) {
	dir := t.TempDir() + "/events"
	l, o := event.NewStore(dir, event.Limits{MemoryPerLog: 64 * kib}, func(err error) { t.Error(err) }).NewLogOver("x")
	defer o.Remove()
	defer l.Remove()
	for range 20 {
		whole(l, letters(40*kib))
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	c := l.Cursor(0)
	defer c.Close()
	if _, err := c.Next(deadline(t)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// Two streams are printed while some read, from wherever, and some come anew:
// all get the same frames, each once and in order.
func TestPrint_Concurrent(t *testing.T) {
	for _, limits := range []event.Limits{{MemoryPerLog: mib, DiskPerLog: 16 * mib}, tiny} {
		l, o := over(t, limits)
		var writers, readers sync.WaitGroup
		for s := range 2 {
			writers.Go(func() {
				for n := range 300 {
					p := fmt.Appendf(nil, "%d of %d %s", n, s, letters(n*23%7000))
					l.Print(s, nil, p, len(p))
				}
			})
		}
		var seen sync.Map
		for n := range uint64(5) {
			readers.Go(func() {
				random := rand.New(rand.NewPCG(n, 3))
				for after := int64(0); ; {
					last, err := compare(t, l, after, 1+random.IntN(20), &seen)
					if errors.Is(err, io.EOF) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
					if after = last; random.IntN(2) == 0 {
						after = random.Int64N(l.Range().Last + 1)
					}
				}
			})
		}
		writers.Wait()
		l.End(event.Event{Type: event.TypeComplete})
		o.Close()
		l.Unload()
		o.Unload()
		readers.Wait()
		if r := l.Range(); r.Last != 601 {
			t.Errorf("%+v", r)
		}
	}
}

// compare takes as often as takes from the log behind after, or behind what of
// that is evicted, and compares with what others have seen.
func compare(t *testing.T, l *event.Log, after int64, takes int, seen *sync.Map) (last int64, err error) {
	t.Helper()
	c := l.Cursor(after)
	defer func() { c.Close() }()
	for range takes {
		chunk, err := c.Next(deadline(t))
		var evicted *event.EvictedError
		if errors.As(err, &evicted) && evicted.Oldest > after+1 {
			c.Close()
			after = evicted.Oldest - 1
			c = l.Cursor(after)
			continue
		}
		if err != nil {
			return 0, err
		}
		for frame := range strings.SplitSeq(strings.TrimSuffix(string(chunk.Frames), "\n\n"), "\n\n") {
			after++
			if known, _ := seen.LoadOrStore(after, frame); known != frame || !strings.HasPrefix(frame, fmt.Sprintf("id: %d\n", after)) {
				return 0, fmt.Errorf("as %d: %.60q, and %.60q", after, frame, known)
			}
		}
		if chunk.Last != after {
			return 0, fmt.Errorf("up to %d, want %d", chunk.Last, after)
		}
	}
	return after, nil
}

func TestPrint_RemoveInTheMiddle(t *testing.T) {
	for seed := range uint64(20) {
		l, o := over(t, tiny)
		l.Pace()
		owner := l.Cursor(0)
		l.Own(owner)
		var all sync.WaitGroup
		for n := range int64(3) {
			all.Go(func() {
				c := l.Cursor(n * 20)
				defer func() { c.Close() }()
				for {
					_, err := c.Next(deadline(t))
					var evicted *event.EvictedError
					switch {
					case errors.Is(err, event.ErrRemoved):
						return
					case errors.As(err, &evicted):
						c.Close()
						c = l.Cursor(evicted.Oldest - 1)
					case err != nil:
						t.Error(err)
						return
					}
				}
			})
		}
		for s := range 2 {
			all.Go(func() {
				for range 50 {
					p := letters(10 * kib)
					l.Print(s, nil, p, len(p))
				}
			})
		}
		for range seed * 5 {
			runtime.Gosched()
		}
		l.Remove()
		o.Remove()
		all.Wait()
		owner.Close()
	}
}
