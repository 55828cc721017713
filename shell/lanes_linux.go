package shell

import "time"

// lanes are those of the two streams; nil where the next run gets a new one.
type lanes [streams]*lane

// begin gives them to a run.
func (ls *lanes) begin(sink Sink, failed func()) error {
	for i := range ls {
		if ls[i] != nil {
			continue
		}
		var err error
		if ls[i], err = newLane(); err != nil {
			return err
		}
	}
	for i, l := range ls {
		l.begin(func(p []byte) { sink.Output(Stream(i), p) }, failed)
	}
	return nil
}

// follow delivers what comes before the end of the run.
func (ls *lanes) follow() {
	for _, l := range ls {
		if l.source == nil {
			l.follow()
		}
	}
}

// settle ends a run: all that it has printed is delivered. What it has left in
// the background, if that holds its output, prints to its sink until late is
// closed.
func (ls *lanes) settle() (late <-chan struct{}) {
	var ended [streams]bool
	for i, l := range ls {
		ended[i] = l.drain()
	}
	if !ended[Stdout] || !ended[Stderr] {
		ls.follow()
		over := make(chan struct{})
		defer time.AfterFunc(drainGrace, func() { close(over) }).Stop()
		for i, l := range ls {
			ended[i] = ended[i] || l.drainUntil(over)
		}
	}
	var left []*lane
	for i, l := range ls {
		switch {
		case !ended[i]:
			l.leave()
			left = append(left, l)
			ls[i] = nil
		case !l.release():
			l.close()
			ls[i] = nil
		}
	}
	return endOf(left)
}

// endOf is closed when all of them have ended.
func endOf(all []*lane) <-chan struct{} {
	if len(all) == 0 {
		return ended
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, l := range all {
			<-l.source.ended
		}
	}()
	return done
}

// ended is closed.
var ended = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// close ends those that no run has.
func (ls *lanes) close() {
	for i, l := range ls {
		if l != nil {
			l.close()
		}
		ls[i] = nil
	}
}
