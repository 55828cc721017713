//go:build unix

package shell

import (
	"sync/atomic"
	"time"
)

// outlet is the pipes that something prints into, and their delivery.
type outlet struct {
	sources [streams]*source
	open    atomic.Int32  // sources that may still deliver
	done    chan struct{} // closed when none will
	fault   atomic.Pointer[any]
}

// newOutlet makes the pipes, one for both streams if they are joined, and
// returns the ends to write to. Without any the outlet is done from the start.
func newOutlet(join, none bool) (*outlet, []uintptr, error) {
	o := &outlet{done: make(chan struct{})}
	if none {
		close(o.done)
		return o, nil, nil
	}
	out, w, err := newSource()
	if err != nil {
		return nil, nil, err
	}
	o.sources[Stdout] = out
	o.open.Store(1)
	if join {
		return o, []uintptr{w, w}, nil
	}
	errs, we, err := newSource()
	if err != nil {
		out.close()
		closeEnds([]uintptr{w})
		return nil, nil, err
	}
	o.sources[Stderr] = errs
	o.open.Store(2)
	return o, []uintptr{w, we}, nil
}

// run delivers to sink from now on. A panic in sink is kept, and told to
// failed.
func (o *outlet) run(sink Sink, failed func()) {
	for i, s := range o.sources {
		if s != nil {
			go o.pump(Stream(i), s, sink, failed)
		}
	}
}

func (o *outlet) pump(i Stream, s *source, sink Sink, failed func()) {
	defer func() {
		if reason := recover(); reason != nil {
			o.fault.CompareAndSwap(nil, &reason)
			failed()
		}
		s.end()
		if o.open.Add(-1) == 0 {
			close(o.done)
		}
	}()
	if taker, ok := sink.(Taker); ok {
		s.take = func(pipe, n int) int { return taker.Take(i, pipe, n) }
	}
	s.pump(func(b []byte) { sink.Output(i, b) })
}

// drainGrace is how long the end of a process waits for others that hold its
// output and are about to end too, as those of a process substitution are.
const drainGrace = 25 * time.Millisecond

// drain returns when everything that was written before has been delivered.
// A panic of the sink goes on here.
func (o *outlet) drain() {
	for _, s := range o.sources {
		if s != nil {
			s.drain()
		}
	}
	if o.open.Load() > 0 {
		grace := time.NewTimer(drainGrace)
		defer grace.Stop()
		select {
		case <-o.done:
		case <-grace.C:
		}
	}
	if fault := o.fault.Load(); fault != nil {
		panic(*fault)
	}
}

// close stops reading; who writes more gets SIGPIPE.
func (o *outlet) close() {
	for _, s := range o.sources {
		if s != nil {
			s.close()
		}
	}
}
