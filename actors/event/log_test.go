package event_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"execd/actors/event"
)

// patience is how long a test waits for what should happen at once.
const patience = 30 * time.Second

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func newLog(t *testing.T, limits event.Limits) *event.Log {
	t.Helper()
	l := event.NewStore(t.TempDir(), limits, func(err error) { t.Error(err) }).NewLog("x")
	t.Cleanup(l.Remove)
	return l
}

// text appends one line.
func text(l *event.Log, line string) {
	l.Batch(func(b *event.Batch) { b.Text(event.TypeStdout, []byte(line), false) })
}

// readAll reads from after to the end.
func readAll(t *testing.T, l *event.Log, after int64) string {
	t.Helper()
	c := l.Cursor(after)
	defer c.Close()
	var all strings.Builder
	for ctx := deadline(t); ; {
		chunk, err := c.Next(ctx)
		if errors.Is(err, io.EOF) {
			return all.String()
		}
		if err != nil {
			t.Fatalf("after %d: %v", c.After(), err)
		}
		all.Write(chunk.Frames)
	}
}

// types are the types of the events in frames, which have to be well formed.
func types(t *testing.T, frames string) (out []string) {
	t.Helper()
	for frame := range strings.SplitSeq(strings.TrimSuffix(frames, "\n\n"), "\n\n") {
		_, data, ok := strings.Cut(frame, "\ndata: ")
		var v struct{ Type string }
		if err := json.Unmarshal([]byte(data), &v); !ok || err != nil {
			t.Fatalf("%q: %v", frame, err)
		}
		out = append(out, v.Type)
	}
	return out
}

func TestLog_InOrderFromInitToEnd(t *testing.T) {
	l := newLog(t, event.Limits{})
	if id := l.Append(event.Event{Type: event.TypeInit, Text: "x", ExecutionID: "x"}); id != 1 {
		t.Errorf("the first event has id %d", id)
	}
	text(l, "a")
	l.Append(event.Event{Type: event.TypeStatus, Status: "running"})
	if !l.End(event.Event{Type: event.TypeComplete}) {
		t.Error("the first terminal event was dropped")
	}
	want := "init stdout status execution_complete"
	if got := strings.Join(types(t, readAll(t, l, 0)), " "); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := readAll(t, l, 3); !strings.HasPrefix(got, "id: 4\n") || strings.Count(got, "\n\n") != 1 {
		t.Errorf("after 3: %q", got)
	}
	if got := readAll(t, l, 99); got != "" {
		t.Errorf("after an id that there will never be: %q", got)
	}
	if l.ID() != "x" {
		t.Errorf("id %q", l.ID())
	}
}

func TestLog_NothingAfterTheEnd(t *testing.T) {
	l := newLog(t, event.Limits{})
	l.End(event.Event{Type: event.TypeError, Error: &event.Error{Name: "E"}})
	before := l.Range()
	if l.End(event.Event{Type: event.TypeComplete}) {
		t.Error("a second terminal event was taken")
	}
	if id := l.Append(event.Event{Type: event.TypeStatus}); id != 0 {
		t.Errorf("appended %d", id)
	}
	l.Batch(func(*event.Batch) { t.Error("a batch was begun") })
	if got := l.Range(); got != before || !got.Ended || got.Last != 1 || got.Oldest != 1 {
		t.Errorf("%+v, before %+v", got, before)
	}
	select {
	case <-l.Done():
	default:
		t.Error("not done")
	}
}

// Many want to end a log, while others append: one wins, and it is the last.
func TestLog_EndsOnce(t *testing.T) {
	for range 50 {
		l := newLog(t, event.Limits{})
		var won atomic.Int32
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() { text(l, "line") })
			all.Go(func() {
				if l.End(event.Event{Type: event.TypeComplete}) {
					won.Add(1)
				}
			})
		}
		all.Wait()
		got := types(t, readAll(t, l, 0))
		if won.Load() != 1 || got[len(got)-1] != "execution_complete" || strings.Count(strings.Join(got, " "), "complete") != 1 {
			t.Fatalf("%d won: %v", won.Load(), got)
		}
	}
}

func TestLog_Range(t *testing.T) {
	l := newLog(t, event.Limits{})
	if got, want := l.Range(), (event.Range{Oldest: 1}); got != want {
		t.Errorf("empty: %+v, want %+v", got, want)
	}
	text(l, "a")
	text(l, "b")
	r := l.Range()
	l.End(event.Event{Type: event.TypeComplete})
	if r.Oldest != 1 || r.Last != 2 || r.Ended {
		t.Errorf("%+v", r)
	}
	if got := l.Range().Bytes; got != int64(len(readAll(t, l, 0))) || got <= r.Bytes {
		t.Errorf("%d bytes, before %d", got, r.Bytes)
	}
}

func TestLog_WaitingReader(t *testing.T) {
	l := newLog(t, event.Limits{})
	c := l.Cursor(0)
	defer c.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	_, wait, err := c.Take()
	if wait == nil || err != nil {
		t.Fatalf("nothing there yet: %v, %v", wait, err)
	}
	text(l, "a")
	text(l, "b")
	select {
	case <-wait:
	default:
		t.Error("not woken")
	}
	chunk, err := c.Next(deadline(t))
	if err != nil || chunk.Last != 2 || c.After() != 2 || strings.Count(string(chunk.Frames), "\n\n") != 2 {
		t.Errorf("%d %q %v", chunk.Last, chunk.Frames, err)
	}
	if c.Behind() != 0 {
		t.Errorf("%d bytes behind", c.Behind())
	}
	text(l, "c")
	if want := int64(len(chunk.Frames) / 2); c.Behind() != want {
		t.Errorf("%d bytes behind, want %d", c.Behind(), want)
	}
}

func TestLog_RemoveWakesReaders(t *testing.T) {
	l := newLog(t, event.Limits{})
	text(l, "a")
	c := l.Cursor(1)
	defer c.Close()
	_, wait, _ := c.Take()
	l.Remove()
	<-wait
	if _, err := c.Next(deadline(t)); !errors.Is(err, event.ErrRemoved) {
		t.Errorf("%v", err)
	}
	if l.Append(event.Event{Type: event.TypeStatus}) != 0 || l.End(event.Event{Type: event.TypeComplete}) {
		t.Error("a removed log was appended to")
	}
	l.Remove()
}

func TestLog_Readers(t *testing.T) {
	store := event.NewStore(t.TempDir(), event.Limits{}, nil)
	l := store.NewLog("x")
	defer l.Remove()
	var seen []int
	l.OnReaders(func(n int) { seen = append(seen, n) })
	a, b := l.Cursor(0), l.Cursor(5)
	if l.Readers() != 2 || store.Usage().Readers != 2 {
		t.Errorf("%d readers, %d in the store", l.Readers(), store.Usage().Readers)
	}
	a.Close()
	a.Close()
	b.Close()
	if l.Readers() != 0 || store.Usage().Readers != 0 || len(seen) != 4 || seen[1] != 2 || seen[3] != 0 {
		t.Errorf("%d readers, %d in the store, seen %v", l.Readers(), store.Usage().Readers, seen)
	}
}

// What is said last is true: a run without readers may be ended for it.
func TestLog_ReadersToldInOrder(t *testing.T) {
	l := newLog(t, event.Limits{})
	told := -1
	l.OnReaders(func(n int) { // unguarded on purpose: calls do not overlap
		if n != told+1 && n != told-1 && told >= 0 {
			t.Errorf("told %d after %d", n, told)
		}
		told = n
	})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 500 {
				l.Cursor(0).Close()
			}
		})
	}
	all.Wait()
	if told != 0 {
		t.Errorf("told %d at last", told)
	}
}
