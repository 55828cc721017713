package shell

import (
	"bytes"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// taker is a Taker that takes up to most bytes, or panics then.
type taker struct {
	collect
	most   int
	panics bool
	taken  atomic.Int64
}

func (k *taker) Output(_ Stream, p []byte) { k.take(p) }

func (k *taker) Take(_ Stream, pipe, n int) int {
	left := max(0, k.most-int(k.taken.Load()))
	if k.panics && left < n {
		panic("taker")
	}
	n = min(n, left)
	p := make([]byte, n)
	for at := 0; at < n; {
		got, err := unix.Read(pipe, p[at:])
		if err != nil || got == 0 {
			panic("it is not in the pipe")
		}
		at += got
	}
	k.take(p)
	k.taken.Add(int64(n))
	return n
}

// A flow is offered to who takes from pipes, and what that does not take is
// read: nothing is lost, or comes twice, or in another order.
func TestSiphon_TakesAFlow(t *testing.T) {
	for _, most := range []int{0, 1, 3<<20 + 12345, 1 << 40} {
		k := &taker{most: most}
		o, ends, err := newOutlet(true, false)
		if err != nil {
			t.Fatal(err)
		}
		o.run(k, func() { t.Error("the sink has panicked") })
		w := newWriter(ends[0])
		var want []byte
		for n := 0; n < 40 || most > 0 && k.taken.Load() == 0 && n < 1000; n++ {
			p := bytes.Repeat([]byte{byte(n), byte(n >> 8), '.', '\n'}, 64<<10)
			if _, err := w.Write(p); err != nil {
				t.Fatal(err)
			}
			want = append(want, p...)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		<-o.done
		if !bytes.Equal(k.all, want) {
			t.Errorf("%d bytes came, %d of them taken, not the %d that were written", len(k.all), k.taken.Load(), len(want))
		}
		if taken := k.taken.Load(); most > 0 && taken == 0 || taken > int64(most) {
			t.Errorf("%d bytes were taken, want up to %d", taken, most)
		}
	}
}

// One that panics leaves no pipe open.
func TestSiphon_Panic(t *testing.T) {
	breaksOff(t, &taker{most: 4 << 20, panics: true})
}
