//go:build unix

package shell

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// patient bounds waits for what should take milliseconds on a busy machine.
const patient = 20 * time.Second

// waitFor waits for something to be so.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patient); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain waited for %s", what)
		}
	}
}

// collect is where a pump delivers in a test.
type collect struct {
	mu  sync.Mutex
	all []byte
	n   atomic.Int64
}

func (c *collect) take(p []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, p...)
	c.n.Add(int64(len(p)))
}

func (s *source) isDetached() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file == nil
}

// pumped is a source with its pump, and the end to write to.
func pumped(t *testing.T, deliver func([]byte)) (*source, *os.File) {
	t.Helper()
	s, fd, err := newSource()
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(fd)
	go func() {
		defer s.end()
		s.pump(deliver)
	}()
	t.Cleanup(func() {
		s.close()
		_ = w.Close() // maybe closed before
		<-s.ended
	})
	return s, w
}

func newWriter(fd uintptr) *os.File { return os.NewFile(fd, "writer") }

// spout writes as fast as it can until the pipe is closed.
func spout(w io.Writer, written *atomic.Int64) error {
	p := bytes.Repeat([]byte("0123456789abcde\n"), 4<<10)
	for {
		n, err := w.Write(p)
		written.Add(int64(n))
		if err != nil {
			return err
		}
	}
}

// Whatever comes, in floods and in drops, is delivered as it is, and what
// comes slowly after a flood is waited for in the poller again.
func TestSource_FloodsAndDrops(t *testing.T) {
	var got collect
	s, w := pumped(t, got.take)
	random := rand.New(rand.NewPCG(1, 5))
	var want []byte
	for _, n := range []int{100, 3 << 20, 1, 5 << 20, 70 << 10, 1, 200 << 10, 2 << 20, 10} {
		p := make([]byte, n)
		for i := range p {
			p[i] = byte(random.Uint32())
		}
		want = append(want, p...)
		if _, err := w.Write(p); err != nil {
			t.Fatal(err)
		}
		waitFor(t, "all that was written", func() bool { return got.n.Load() == int64(len(want)) })
		waitFor(t, "the poller", func() bool { return !s.isDetached() })
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	<-s.ended
	if !bytes.Equal(got.all, want) {
		t.Errorf("%d bytes came, not the %d that were written", len(got.all), len(want))
	}
}

// What was written before is delivered when drain returns, also of a flow that
// goes on.
func TestSource_DrainInAFlow(t *testing.T) {
	for range 5 {
		var got collect
		var written atomic.Int64
		s, w := pumped(t, got.take)
		spouted := make(chan error, 1)
		go func() { spouted <- spout(w, &written) }()
		waitFor(t, "a flow", s.isDetached)
		before := written.Load()
		s.drain()
		if n := got.n.Load(); n < before {
			t.Fatalf("%d bytes were delivered of %d", n, before)
		}
		after := got.n.Load()
		waitFor(t, "the flow to go on", func() bool { return got.n.Load() > after && s.isDetached() })
		s.close()
		if err := <-spouted; !errors.Is(err, syscall.EPIPE) {
			t.Fatalf("writing ended with %v", err)
		}
		<-s.ended
		s.drain()
	}
}

// The end of a flow closes the pipe, whatever it is the end of.
func TestSource_EndInAFlow(t *testing.T) {
	for name, stop := range map[string]func(s *source){
		"close":              func(s *source) { s.close() },
		"close during drain": func(s *source) { go s.drain(); s.close() },
	} {
		t.Run(name, func(t *testing.T) {
			var written atomic.Int64
			s, w := pumped(t, func([]byte) {})
			go func() {
				for !s.isDetached() {
					time.Sleep(time.Millisecond)
				}
				stop(s)
			}()
			if err := spout(w, &written); !errors.Is(err, syscall.EPIPE) {
				t.Fatalf("writing ended with %v", err)
			}
			<-s.ended
		})
	}
}

type panics struct{ seen int }

func (p *panics) Output(_ Stream, b []byte) {
	if p.seen += len(b); p.seen > 8<<20 {
		panic("sink")
	}
}

// A sink that panics in a flow leaves no pipe open.
func TestSource_PanicInAFlow(t *testing.T) {
	breaksOff(t, &panics{})
}

// breaksOff has a flow come to a sink that panics at some time: nobody reads the
// pipe then, and who writes to it is told.
func breaksOff(t *testing.T, sink Sink) {
	t.Helper()
	o, ends, err := newOutlet(true, false)
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan struct{})
	o.run(sink, func() { close(failed) })
	w := newWriter(ends[0])
	defer w.Close() //nolint:errcheck // it is broken
	var written atomic.Int64
	if err := spout(w, &written); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("writing ended with %v", err)
	}
	<-failed
	<-o.done
}
