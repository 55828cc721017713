package event_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"execd/actors/event"
)

// twin is a log over an output, and beside it a log that has every frame as
// it was made when it was appended.
type twin struct {
	*event.Log
	output *event.Output
	eager  *event.Log
	limits event.Limits
	random *rand.Rand
	held   [2][]byte // kept back of each stream
	bytes  []byte    // all that was printed
	begin  []int64   // where in bytes the text of each event begins; its id is the index
}

func newTwin(t *testing.T, dir string, limits event.Limits, random *rand.Rand) *twin {
	t.Helper()
	l, o := event.NewStore(dir, limits, func(err error) { t.Error(err) }).NewLogOver("x")
	eager := event.NewStore(dir, event.Limits{MemoryPerLog: 64 * mib}, nil).NewLog("eager")
	return &twin{Log: l, output: o, eager: eager, limits: limits, random: random, begin: make([]int64, 1)}
}

func (w *twin) append(e event.Event) {
	w.note()
	w.Append(e)
	w.eager.Append(e)
}

// note notes where what comes next begins, for the events there are by now.
func (w *twin) note() {
	for last := w.eager.Range().Last; int64(len(w.begin)) <= last+1; {
		w.begin = append(w.begin, int64(len(w.bytes)))
	}
}

// print prints p, and keeps back up to three bytes of it.
func (w *twin) print(p []byte) {
	s := w.random.IntN(2)
	n := len(p) - min(len(p), w.random.IntN(4)*w.random.IntN(2))
	head := w.held[s]
	w.note()
	w.Print(s, head, p, n)
	if text := slices.Concat(head, p[:n]); len(text) > 0 {
		typ := []event.Type{event.TypeStdout, event.TypeStderr}[s]
		w.eager.Batch(func(b *event.Batch) { b.Text(typ, text, false) })
	}
	w.held[s] = bytes.Clone(p[n:])
	w.bytes = append(w.bytes, p...)
	w.note()
}

// chunk is text in which everything is that needs care, of up to size bytes.
func (w *twin) chunk(size int) []byte {
	pieces := []string{"plain text ", "a \"quoted\" \\ line\n", "\x00\x1b[0m\u2028", "ä€𝄞", "\xff\xc3", strings.Repeat("x", 200)}
	var b []byte
	for n := w.random.IntN(size + 1); len(b) < n; {
		b = append(b, pieces[w.random.IntN(len(pieces))]...)
	}
	return b[:min(len(b), size)]
}

func (w *twin) close() {
	w.Remove()
	w.output.Remove()
	w.eager.Remove()
}

// follower reads a twin and compares.
type follower struct {
	twin   *twin
	cursor *event.Cursor
	frames [][]byte // of the eager log, by id; as far as they were needed
	missed int64
}

func (w *twin) follow(after int64) *follower {
	return &follower{twin: w, cursor: w.Cursor(after)}
}

// check takes the outcome of one Take. It reports false at the end.
func (f *follower) check(chunk event.Chunk, err error) (bool, error) {
	after := f.cursor.After()
	var evicted *event.EvictedError
	switch {
	case errors.Is(err, io.EOF):
		if last := f.twin.Range().Last; after < last {
			return false, fmt.Errorf("the end behind %d of %d", after, last)
		}
		return false, nil
	case errors.As(err, &evicted):
		if evicted.Asked != after+1 || evicted.Oldest <= evicted.Asked || evicted.Oldest != f.twin.Range().Oldest {
			return false, fmt.Errorf("behind %d, with %+v: %w", after, f.twin.Range(), err)
		}
		f.missed += evicted.Oldest - evicted.Asked
		f.reattach(evicted.Oldest - 1)
		return true, nil
	case err != nil:
		return false, err
	}
	n := int64(bytes.Count(chunk.Frames, []byte("\n\n")))
	want, err := f.want(chunk.Last-n, chunk.Last)
	if err == nil && (!bytes.Equal(chunk.Frames, want) || chunk.Last != after || n == 0) {
		err = fmt.Errorf("%d frames up to %d, at %d: %.200q, want %.200q", n, chunk.Last, after, chunk.Frames, want)
	}
	return true, err
}

// want is the frames of the eager log behind one id up to another.
func (f *follower) want(after, last int64) ([]byte, error) {
	c := f.twin.eager.Cursor(int64(len(f.frames)))
	defer c.Close()
	for int64(len(f.frames)) < last {
		chunk, _, err := c.Take()
		if err != nil {
			return nil, err
		}
		for frame := range bytes.SplitAfterSeq(chunk.Frames, []byte("\n\n")) {
			if len(frame) > 0 {
				f.frames = append(f.frames, bytes.Clone(frame))
			}
		}
	}
	return bytes.Join(f.frames[after:last], nil), nil
}

func (f *follower) reattach(after int64) {
	f.cursor.Close()
	f.cursor = f.twin.Cursor(after)
}

// rest reads to the end.
func (f *follower) rest(t *testing.T) {
	t.Helper()
	for going := true; going; {
		chunk, _, err := f.cursor.Take()
		if going, err = f.check(chunk, err); err != nil {
			t.Fatal(err)
		}
	}
	f.cursor.Close()
}

// Whatever is printed, and however it is read: frames are those that were made
// at once, and what has gone is announced.
func TestPrint_AsIfMadeAtOnce(t *testing.T) {
	var evictions int64
	for seed := range uint64(12) {
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 5))
			limits := event.Limits{MemoryPerLog: 1 << random.IntN(20), DiskPerLog: 1 << (14 + random.IntN(8))}
			w := newTwin(t, dir, limits, random)
			defer w.close()
			w.append(event.Event{Type: event.TypeInit, ExecutionID: "x"})
			followers := []*follower{w.follow(0)}
			for range 150 {
				w.step(t, &followers)
			}
			for range 4 {
				w.print(nil) // which is what is held, if anything
			}
			w.ends(t)
			for _, f := range followers {
				f.rest(t)
				evictions += f.missed
			}
			if w.Readers() != 0 {
				t.Errorf("seed %d: %d readers", seed, w.Readers())
			}
		})
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
	if evictions == 0 {
		t.Error("nothing was evicted: the limits are too large for this test")
	}
}

func (w *twin) step(t *testing.T, followers *[]*follower) {
	t.Helper()
	f := (*followers)[w.random.IntN(len(*followers))]
	switch w.random.IntN(10) {
	case 0, 1:
		w.print(w.chunk(200 << w.random.IntN(11)))
	case 2:
		for range w.random.IntN(200) {
			w.print(w.chunk(5))
		}
	case 3:
		time.Sleep(time.Duration(w.random.IntN(5)) * time.Millisecond)
		w.append(event.Event{Type: event.TypeStatus, Status: strings.Repeat("s", 1<<w.random.IntN(15))})
	case 4:
		if len(*followers) < 5 {
			*followers = append(*followers, w.follow(w.random.Int64N(w.Range().Last+1)))
		}
	case 5:
		f.reattach(w.random.Int64N(w.Range().Last + 1))
	default:
		chunk, wait, err := f.cursor.Take()
		if wait != nil {
			if last := w.Range().Last; f.cursor.After() < last || f.cursor.Behind() != 0 {
				t.Fatalf("waits behind %d of %d, %d bytes behind", f.cursor.After(), last, f.cursor.Behind())
			}
			return
		}
		if _, err := f.check(chunk, err); err != nil {
			t.Fatal(err)
		}
	}
}

// ends is the end of both logs, and checks what is held.
func (w *twin) ends(t *testing.T) {
	t.Helper()
	w.End(event.Event{Type: event.TypeComplete})
	w.eager.End(event.Event{Type: event.TypeComplete})
	if w.random.IntN(2) == 0 {
		w.Print(0, nil, []byte("what comes later"), 3)
		w.bytes = append(w.bytes, "what comes later"...)
	}
	w.output.Close()
	w.Print(0, nil, []byte("no more"), 3)
	if w.random.IntN(2) == 0 {
		w.Unload()
		w.output.Unload()
	}
	w.note()
	r, mine := w.eager.Range(), w.Range()
	oldest, end := w.output.Range()
	if r.Last != mine.Last || end != int64(len(w.bytes)) {
		t.Fatalf("%+v, want %+v; %d bytes, want %d", mine, r, end, len(w.bytes))
	}
	if got := copied(t, w.output, oldest, end); !bytes.Equal(got, w.bytes[oldest:]) {
		t.Error("the output has other bytes")
	}
	if w.limits.DiskPerLog < 128*kib {
		return // the log itself may have been too large
	}
	// What is in a segment goes with its first event.
	if begin := w.begin[mine.Oldest]; begin+maxHeld < oldest || oldest > 0 && begin > oldest+64*kib+event.MaxText {
		t.Errorf("the oldest event %d begins at %d, and the oldest byte is %d", mine.Oldest, begin, oldest)
	}
	if oldest == 0 && mine.Oldest != 1 {
		t.Errorf("events up to %d are gone without need", mine.Oldest)
	}
}

// maxHeld is how many bytes of one character are kept back at most.
const maxHeld = 3
