package event_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"execd/actors/event"
)

// tiny makes everything happen: a segment is 64 KiB, a file likewise.
var tiny = event.Limits{MemoryPerLog: 1, DiskPerLog: 256 << 10}

// witness reads a log and checks that every event comes once, in order, and
// that what does not come was announced.
type witness struct {
	log    *event.Log
	cursor *event.Cursor
	next   int64 // the id that has to come next
	missed int64 // events announced as evicted
}

func watch(l *event.Log, after int64) *witness {
	return &witness{log: l, cursor: l.Cursor(after), next: after + 1}
}

// check takes the outcome of one Take or Next. It reports false at the end.
func (w *witness) check(chunk event.Chunk, err error) (bool, error) {
	var evicted *event.EvictedError
	switch {
	case errors.Is(err, io.EOF):
		if last := w.log.Range().Last; w.next <= last {
			return false, fmt.Errorf("the end before %d of %d", w.next, last)
		}
		return false, nil
	case errors.As(err, &evicted):
		if evicted.Asked != w.next || evicted.Oldest <= evicted.Asked {
			return false, fmt.Errorf("asked for %d: %w", w.next, err)
		}
		w.missed += evicted.Oldest - w.next
		w.reattach(evicted.Oldest - 1)
		return true, nil
	case err != nil:
		return false, err
	}
	return true, w.frames(chunk)
}

func (w *witness) frames(chunk event.Chunk) error {
	for _, frame := range bytes.SplitAfter(chunk.Frames, []byte("\n\n")) {
		if len(frame) == 0 {
			continue
		}
		head, data, ok := strings.Cut(string(frame), "\n")
		id, err := strconv.ParseInt(strings.TrimPrefix(head, "id: "), 10, 64)
		if !ok || err != nil || id != w.next {
			return fmt.Errorf("want %d, got %.60q", w.next, frame)
		}
		if !strings.Contains(data, fmt.Sprintf(`"text":"%d `, id)) && !strings.Contains(data, "complete") {
			return fmt.Errorf("another event as %d: %.60q", id, data)
		}
		w.next++
	}
	if w.next != chunk.Last+1 || w.cursor.After() != chunk.Last {
		return fmt.Errorf("at %d with last %d and after %d", w.next, chunk.Last, w.cursor.After())
	}
	return nil
}

func (w *witness) reattach(after int64) {
	w.cursor.Close()
	w.cursor, w.next = w.log.Cursor(after), after+1
}

// One goroutine, any order of appends, reads, re-attachments and the end.
func TestProperty_AnyInterleaving(t *testing.T) {
	var evictions int64
	for seed := range uint64(15) {
		random := rand.New(rand.NewPCG(seed, 7))
		limits := event.Limits{MemoryPerLog: 1 << random.IntN(19), DiskPerLog: 1 << (14 + random.IntN(7))}
		l := newLog(t, limits)
		witnesses := []*witness{watch(l, 0)}
		for range 200 {
			step(t, random, l, &witnesses)
		}
		l.End(event.Event{Type: event.TypeComplete})
		if random.IntN(2) == 0 {
			l.Unload()
		}
		for _, w := range witnesses {
			for going := true; going; {
				chunk, err := w.cursor.Next(deadline(t))
				if going, err = w.check(chunk, err); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
			}
			w.cursor.Close()
			evictions += w.missed
		}
		if l.Readers() != 0 {
			t.Fatalf("seed %d: %d readers", seed, l.Readers())
		}
		l.Remove()
	}
	if evictions == 0 {
		t.Error("nothing was evicted: the limits are too large for this test")
	}
}

func step(t *testing.T, random *rand.Rand, l *event.Log, witnesses *[]*witness) {
	t.Helper()
	w := (*witnesses)[random.IntN(len(*witnesses))]
	switch random.IntN(8) {
	case 0, 1, 2:
		numbered(l, 1+random.IntN(20), random.IntN(4000))
	case 3:
		if len(*witnesses) < 5 {
			*witnesses = append(*witnesses, watch(l, random.Int64N(l.Range().Last+1)))
		}
	case 4:
		w.reattach(random.Int64N(l.Range().Last + 1))
	default:
		chunk, wait, err := w.cursor.Take()
		if wait != nil {
			if last := l.Range().Last; w.next <= last {
				t.Fatalf("waits for %d of %d", w.next, last)
			}
			return
		}
		if _, err := w.check(chunk, err); err != nil {
			t.Fatal(err)
		}
	}
}

// numbered appends n texts of about size bytes that begin with their id. One
// goroutine at a time may call it.
func numbered(l *event.Log, n, size int) {
	next := l.Range().Last + 1
	l.Batch(func(b *event.Batch) {
		for i := range int64(n) {
			b.Text(event.TypeStdout, fmt.Appendf(nil, "%d %s", next+i, strings.Repeat("x", size)), false)
		}
	})
}

// Readers and an appender, each in its own goroutine.
func TestProperty_Concurrent(t *testing.T) {
	l := newLog(t, tiny)
	var all sync.WaitGroup
	for n := range uint64(6) {
		all.Go(func() {
			random := rand.New(rand.NewPCG(n, 3))
			w := watch(l, 0)
			defer func() { w.cursor.Close() }()
			for going := true; going; {
				chunk, err := w.cursor.Next(deadline(t))
				if going, err = w.check(chunk, err); err != nil {
					t.Error(err)
					return
				}
				if random.IntN(20) == 0 {
					w.reattach(random.Int64N(l.Range().Last + 1))
				}
			}
		})
	}
	for n := range 400 {
		numbered(l, n%30, n*7%3000)
		runtime.Gosched()
	}
	l.End(event.Event{Type: event.TypeComplete})
	l.Unload()
	all.Wait()
}

// Who reads while the log goes is told so, wherever it is: no crash, no end
// that is none, no byte of something else.
func TestProperty_RemoveInTheMiddle(t *testing.T) {
	for seed := range uint64(20) {
		l := newLog(t, tiny)
		numbered(l, 100, 3000)
		var all sync.WaitGroup
		for n := range int64(4) {
			all.Go(func() {
				w := watch(l, n*20)
				defer func() { w.cursor.Close() }()
				for {
					chunk, err := w.cursor.Next(deadline(t))
					if errors.Is(err, event.ErrRemoved) {
						return
					}
					if _, err := w.check(chunk, err); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		all.Go(func() {
			for range 50 {
				numbered(l, 5, 2000)
			}
		})
		for range seed {
			runtime.Gosched()
		}
		l.Remove()
		all.Wait()
	}
}
