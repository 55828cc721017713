package event_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"execd/actors/event"
)

// noise is n bytes of which no two parts are alike.
func noise(seed uint64, n int) []byte {
	random := rand.New(rand.NewPCG(seed, 11))
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(random.Uint32())
	}
	return p
}

func newOutput(t *testing.T, limits event.Limits) *event.Output {
	t.Helper()
	o := event.NewStore(t.TempDir(), limits, func(err error) { t.Error(err) }).NewOutput("x")
	t.Cleanup(o.Remove)
	return o
}

func copied(t *testing.T, o *event.Output, off, end int64) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := o.CopyTo(t.Context(), &b, off, end); err != nil {
		t.Fatalf("from %d to %d: %v", off, end, err)
	}
	return b.Bytes()
}

func TestOutput_Ranges(t *testing.T) {
	want := noise(1, 600*kib)
	o := newOutput(t, event.Limits{MemoryPerLog: 256 * kib})
	for p := want; len(p) > 0; {
		n := min(len(p), 7001)
		o.Write(p[:n])
		p = p[n:]
	}
	o.Write(nil)
	random := rand.New(rand.NewPCG(1, 2))
	for _, unload := range []bool{false, true} {
		if unload {
			o.Unload() // which does nothing while it may grow
			o.Close()
			o.Unload()
		}
		if oldest, end := o.Range(); oldest != 0 || end != int64(len(want)) {
			t.Errorf("from %d to %d", oldest, end)
		}
		for range 50 {
			off := random.Int64N(int64(len(want)) + 1)
			end := off + random.Int64N(int64(len(want))-off+1)
			if got := copied(t, o, off, end); !bytes.Equal(got, want[off:end]) {
				t.Fatalf("from %d to %d: not the same", off, end)
			}
		}
		if got := copied(t, o, 5, 5); len(got) != 0 {
			t.Errorf("an empty range is %d bytes", len(got))
		}
	}
}

func TestOutput_BeyondTheEnd(t *testing.T) {
	o := newOutput(t, event.Limits{})
	o.Write([]byte("abc"))
	var b bytes.Buffer
	if err := o.CopyTo(t.Context(), &b, 1, 9); !errors.Is(err, io.EOF) || b.String() != "bc" {
		t.Errorf("%q, %v", b.String(), err)
	}
	var evicted *event.EvictedError
	if err := o.CopyTo(t.Context(), &b, -1, 2); !errors.As(err, &evicted) {
		t.Errorf("before the start: %v", err)
	}
}

func TestOutput_AfterClose(t *testing.T) {
	o := newOutput(t, event.Limits{})
	o.Write([]byte("a"))
	o.Close()
	o.Write([]byte("b"))
	if _, end := o.Range(); end != 1 {
		t.Errorf("%d bytes", end)
	}
}

type brokenWriter struct{ left int }

var errBroken = errors.New("broken")

func (w *brokenWriter) Write(p []byte) (int, error) {
	w.left--
	if w.left < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func TestOutput_CopyEndsEarly(t *testing.T) {
	o := newOutput(t, event.Limits{})
	o.Write(noise(2, 300*kib))
	if err := o.CopyTo(t.Context(), &brokenWriter{left: 2}, 0, 300*kib); !errors.Is(err, errBroken) {
		t.Errorf("writer broken: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.CopyTo(ctx, io.Discard, 0, 300*kib); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	o.Remove()
	if err := o.CopyTo(t.Context(), io.Discard, 0, 300*kib); !errors.Is(err, event.ErrRemoved) {
		t.Errorf("removed: %v", err)
	}
	o.Write([]byte("x"))
}

// The oldest bytes go, and who asks for them is told where the rest begins.
func TestOutput_Eviction(t *testing.T) {
	want := noise(3, 3*mib)
	o := newOutput(t, event.Limits{MemoryPerLog: 256 * kib, DiskPerLog: mib})
	for p := want; len(p) > 0; p = p[kib:] {
		o.Write(p[:kib])
	}
	o.Close()
	oldest, end := o.Range()
	if oldest == 0 || end != 3*mib || end-oldest < mib*3/4 || end-oldest > mib+256*kib {
		t.Errorf("from %d to %d", oldest, end)
	}
	if got := copied(t, o, oldest, end); !bytes.Equal(got, want[oldest:]) {
		t.Error("not the same")
	}
	for _, off := range []int64{0, 1, oldest - 1} {
		var evicted *event.EvictedError
		err := o.CopyTo(t.Context(), io.Discard, off, end)
		if !errors.As(err, &evicted) || evicted.Asked != off || evicted.Oldest != oldest {
			t.Errorf("from %d: %v", off, err)
		}
		tail := o.Tail(off)
		if _, _, err := tail.Next(t.Context()); !errors.As(err, &evicted) || evicted.Oldest != oldest {
			t.Errorf("tail from %d: %v", off, err)
		}
		tail.Skip(oldest)
		if _, p, err := tail.Next(t.Context()); err != nil || !bytes.HasPrefix(want[oldest:], p) || len(p) == 0 {
			t.Errorf("tail from %d on: %d bytes, %v", oldest, len(p), err)
		}
		tail.Close()
	}
}

// Readers follow while it is written, spilled and unloaded.
func TestOutput_ReadWhileWritten(t *testing.T) {
	want := noise(4, 2*mib)
	o := newOutput(t, event.Limits{MemoryPerLog: 64 * kib})
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			tail := o.Tail(0)
			defer tail.Close()
			var got []byte
			for {
				_, p, err := tail.Next(deadline(t))
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Error(err)
					return
				}
				got = append(got, p...)
			}
			if !bytes.Equal(got, want) || tail.Offset() != int64(len(want)) {
				t.Errorf("%d bytes, not the same", len(got))
			}
		})
	}
	for p := want; len(p) > 0; p = p[kib:] {
		o.WriteStream(len(p)/kib%2, p[:kib])
	}
	o.Close()
	o.Unload()
	all.Wait()
}

// So much is written out and dropped from the page cache meanwhile, which
// nobody who reads notices.
func TestOutput_Much(t *testing.T) {
	const pieces = 100 * mib / (64 * kib)
	o := newOutput(t, event.Limits{})
	piece := noise(5, 64*kib)
	tail := o.Tail(0)
	defer tail.Close()
	for n := range pieces {
		copy(piece, fmt.Sprintf("%08d", n))
		o.Write(piece)
	}
	o.Close()
	ctx := deadline(t)
	for n := range pieces {
		copy(piece, fmt.Sprintf("%08d", n))
		var got []byte
		for len(got) < len(piece) {
			_, p, err := tail.Next(ctx)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, p...)
		}
		if !bytes.Equal(got, piece) {
			t.Fatalf("piece %d is another", n)
		}
	}
}
