package event_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"

	"execd/actors/event"
)

// conduit is a pipe that holds a mebibyte.
type conduit struct{ r, w *os.File }

func newConduit(t *testing.T) conduit {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = r.Close() // they hold nothing
		_ = w.Close()
	})
	const setPipeSize = 1031 // F_SETPIPE_SZ
	if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, w.Fd(), setPipeSize, mib); errno != 0 {
		t.Skip("needs a pipe of 1 MiB: ", errno)
	}
	return conduit{r, w}
}

// pour pours p, of which each piece is a text, and returns how much was taken.
func (c conduit) pour(t *testing.T, l *event.Log, stream int, p []byte) int {
	t.Helper()
	return c.cut(t, l, stream, p, func(piece []byte) ([]byte, int) { return nil, len(piece) })
}

func (c conduit) cut(t *testing.T, l *event.Log, stream int, p []byte, cut func(piece []byte) (head []byte, n int)) int {
	t.Helper()
	if _, err := c.w.Write(p); err != nil {
		t.Error(err)
	}
	at := 0
	return l.Pour(stream, int(c.r.Fd()), len(p), func(size int, last []byte) (head []byte, n int) {
		piece := p[at : at+size]
		at += size
		if len(last) != min(4, size) || !bytes.HasSuffix(piece, last) {
			t.Errorf("a piece of %d bytes ends in %q, not %q", size, piece[size-len(last):], last)
		}
		return cut(piece)
	})
}

// pour is print of p in whatever pieces.
func (w *twin) pour(t *testing.T, c conduit, p []byte) {
	t.Helper()
	s := w.random.IntN(2)
	type text struct{ head, piece []byte }
	var texts []text
	n := c.cut(t, w.Log, s, p, func(piece []byte) ([]byte, int) {
		n := len(piece) - min(len(piece), w.random.IntN(4)*w.random.IntN(2))
		head := w.held[s]
		w.held[s] = bytes.Clone(piece[n:])
		texts = append(texts, text{slices.Concat(head, piece[:n]), piece})
		return head, n
	})
	if n != len(p) {
		t.Fatalf("%d bytes were taken of %d", n, len(p))
	}
	for _, x := range texts {
		w.note()
		if typ := []event.Type{event.TypeStdout, event.TypeStderr}[s]; len(x.head) > 0 {
			w.eager.Batch(func(b *event.Batch) { b.Text(typ, x.head, false) })
		}
		w.bytes = append(w.bytes, x.piece...)
	}
	w.note()
}

// What was poured is read as if it had been printed, in turn with that.
func TestPour_AsIfPrinted(t *testing.T) {
	c := newConduit(t)
	for seed := range uint64(6) {
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 6))
			limits := event.Limits{MemoryPerLog: 1 << random.IntN(20), DiskPerLog: 64 * mib}
			w := newTwin(t, dir, limits, random)
			defer w.close()
			followers := []*follower{w.follow(0)}
			for range 100 {
				if random.IntN(4) == 0 {
					w.pour(t, c, append(w.chunk(200<<random.IntN(13)), '\n'))
				} else {
					w.step(t, &followers)
				}
			}
			w.ends(t)
			for _, f := range followers {
				f.rest(t)
			}
		})
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
}

// One stream is poured and the other printed, while somebody reads.
func TestPour_BesideOthers(t *testing.T) {
	l, o := over(t, event.Limits{MemoryPerLog: 256 * kib})
	c := newConduit(t)
	var want [2][]byte
	var writers, reader sync.WaitGroup
	writers.Go(func() {
		for n := range 40 {
			p := bytes.Repeat([]byte{'a' + byte(n%26)}, 1+n*20_000)
			want[0] = append(want[0], p...)
			if c.pour(t, l, 0, p) != len(p) {
				t.Error("not all was taken")
			}
		}
	})
	writers.Go(func() {
		for n := range 4000 {
			p := bytes.Repeat([]byte{'A' + byte(n%26)}, 1+n%500)
			want[1] = append(want[1], p...)
			l.Print(1, nil, p, len(p))
		}
	})
	var all string
	reader.Go(func() { all = readAll(t, l, 0) })
	writers.Wait()
	l.End(event.Event{Type: event.TypeComplete})
	o.Close()
	reader.Wait()
	var got [2][]byte
	for _, e := range decode(t, all, 1) {
		switch e.Type {
		case "stdout":
			got[0] = append(got[0], e.Text...)
		case "stderr":
			got[1] = append(got[1], e.Text...)
		}
	}
	for s := range want {
		var exact bytes.Buffer
		if err := o.CopyStream(t.Context(), &exact, s, 0, int64(len(want[s]))); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got[s], want[s]) || !bytes.Equal(exact.Bytes(), want[s]) {
			t.Errorf("stream %d: %d bytes of text, %d of output, want %d", s, len(got[s]), exact.Len(), len(want[s]))
		}
	}
}
