package httpapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"execd/actors/event"
	"execd/actors/msg"
)

const headerExecution = "X-Execd-Execution-Id"

// errGone is a client that has left or does not read: nobody is there to be
// told.
var errGone = errors.New("client has gone")

// streamFor relays the events of a run to the one who started it. After a
// patience that is not 0 the response ends, and the run goes on.
func (s *Server) streamFor(c echo.Context, x msg.Execution, patience time.Duration) error {
	if patience == 0 {
		return s.stream(c, x, 0, true)
	}
	cursor := x.Log.Cursor(0)
	defer cursor.Close()
	x.Log.Own(cursor)
	chunk, wait, err := cursor.Take()
	if err != nil {
		return err
	}
	r := s.newRelay(c, x.ID)
	defer r.restore()
	over := time.NewTimer(patience)
	defer over.Stop()
	r.over = over.C
	err = r.run(cursor, chunk, wait)
	if errors.Is(err, errPatience) {
		return r.write(event.Loose(event.Event{Type: event.TypeStatus, Time: time.Now(), ExecutionID: x.ID, Status: "still running"}))
	}
	return err
}

// errPatience ends a response before its run has ended.
var errPatience = errors.New("the run goes on")

// stream relays the events of x behind the id after until its terminal event.
// The reader that started a foreground run owns its log's pace.
func (s *Server) stream(c echo.Context, x msg.Execution, after int64, owner bool) error {
	cursor := x.Log.Cursor(after)
	defer cursor.Close()
	if owner {
		x.Log.Own(cursor)
	}
	chunk, wait, err := cursor.Take()
	if errors.Is(err, io.EOF) { // all was read before: tells an EventSource not to come back
		c.Response().Header().Set(headerExecution, x.ID)
		return c.NoContent(http.StatusNoContent)
	}
	if err != nil {
		return err
	}
	r := s.newRelay(c, x.ID)
	r.brief = x.Log
	defer r.restore()
	return r.run(cursor, chunk, wait)
}

// relay writes frames to one client: all there are in as few writes as
// possible, and a ping when there have been none for a while.
type relay struct {
	server  *Server
	ctx     context.Context //nolint:containedctx // the request's: a relay lives as long as its handler
	out     sink
	conn    any   // below out
	corked  bool  // the kernel sends full packets only
	bulk    int64 // bytes in large writes
	framing event.Framing
	scratch []byte
	begun   bool       // the head has been sent
	tuned   bool       // so has the connection been for a stream
	brief   *event.Log // whose head may wait for the rest while it is brief; nil for none
	beat    *time.Timer
	once    bool             // it ends where there is nothing more yet
	lossy   bool             // evicted events are the caller's to tell of
	over    <-chan time.Time // when the client's patience ends; nil for never
}

// newRelay commits the response: what comes before it may still fail with a
// status of its own.
func (s *Server) newRelay(c echo.Context, execution string) *relay {
	r := &relay{
		server:  s,
		ctx:     c.Request().Context(),
		out:     servedSink{c.Response(), http.NewResponseController(c.Response().Writer)},
		framing: s.framing(c.Request()),
	}
	r.conn = r.ctx.Value(connKey{})
	h := c.Response().Header()
	h["Content-Type"] = []string{mimeOf(r.framing)}
	h["Cache-Control"] = []string{"no-cache"}
	h["Connection"] = []string{"keep-alive"}
	h["X-Accel-Buffering"] = []string{"no"}
	if execution != "" {
		h[headerExecution] = []string{execution}
	}
	c.Response().WriteHeader(http.StatusOK)
	return r
}

// run relays from the cursor on, beginning with what was taken from it. It
// fails where the client has not got all that is meant for it.
func (r *relay) run(cursor *event.Cursor, chunk event.Chunk, wait <-chan struct{}) error {
	if err := r.relay(cursor, chunk, wait); !errors.Is(err, errTold) {
		return err
	}
	return nil
}

func (r *relay) relay(cursor *event.Cursor, chunk event.Chunk, wait <-chan struct{}) error {
	defer r.server.stats.follow(cursor)()
	events := bytes.Count(chunk.Frames, frameEnd)
	for {
		if wait != nil && r.once {
			return nil
		}
		if wait != nil {
			if err := r.idle(wait); err != nil {
				return err
			}
		} else if err := r.write(chunk.Frames); err != nil {
			return err
		}
		r.server.stats.relayed(events, len(chunk.Frames))
		select {
		case <-r.over:
			return errPatience
		default:
		}
		var err error
		after := cursor.After()
		chunk, wait, err = cursor.Take()
		events = int(cursor.After() - after) // ids are dense
		if errors.Is(err, io.EOF) {
			return nil // the server flushes together with the end of the body
		}
		if err != nil {
			return r.broken(err)
		}
	}
}

var frameEnd = []byte("\n\n")

// idle flushes what was written and waits for more, with a ping after each
// silence.
func (r *relay) idle(wait <-chan struct{}) error {
	if r.brief != nil && !r.begun && r.brief.IsBrief() { // the head and the end can be one write
		r.brief.Look(r.server.sprint.patience())
		select {
		case <-wait:
			return nil
		case <-r.ctx.Done():
			return r.left()
		}
	}
	if err := r.flush(); err != nil {
		return err
	}
	if r.beat == nil {
		r.beat = time.NewTimer(r.server.config.Heartbeat)
	} else {
		r.beat.Reset(r.server.config.Heartbeat)
	}
	for {
		select {
		case <-wait:
			return nil
		case <-r.beat.C:
			if err := r.ping(); err != nil {
				return err
			}
			r.beat.Reset(r.server.config.Heartbeat)
		case <-r.over:
			return errPatience
		case <-r.ctx.Done():
			return r.left()
		}
	}
}

func (r *relay) ping() error {
	if err := r.write(event.Loose(event.Event{Type: event.TypePing, Text: "pong", Time: time.Now()})); err != nil {
		return err
	}
	return r.flush()
}

// left tells apart a client that has gone and a server that ends before the
// log does: the latter is told, as far as that is possible.
func (r *relay) left() error {
	if !errors.Is(context.Cause(r.ctx), errServerClosing) {
		return errGone
	}
	if err := r.farewell("ServerClosing", "execd ended before this execution did"); err != nil {
		return err
	}
	return errTold
}

// errTold ends a response whose client knows why.
var errTold = errors.New("the server ends")

// broken ends a stream whose log has nothing more for it.
func (r *relay) broken(err error) error {
	var evicted *event.EvictedError
	if errors.As(err, &evicted) {
		if r.lossy {
			return err
		}
		return r.farewell("EventsEvicted", err.Error())
	}
	return r.farewell("EventsRemoved", err.Error())
}

// farewell is an error event that is in no log and so has no id.
func (r *relay) farewell(name, value string) error {
	return r.write(event.Loose(event.Event{
		Type:  event.TypeError,
		Time:  time.Now(),
		Error: &event.Error{Name: name, Value: value, Traceback: []string{value}},
	}))
}

// write gives frames to the connection, within the write timeout.
func (r *relay) write(frames []byte) error {
	if r.framing != event.SSE {
		r.scratch = r.framing.Append(r.scratch[:0], frames)
		frames = r.scratch
	}
	if err := r.out.SetWriteDeadline(time.Now().Add(r.server.config.WriteTimeout)); err != nil {
		return errGone
	}
	if len(frames) > smallWrite {
		r.tune()
	}
	if !r.corked && len(frames) >= bulk {
		r.corked = setCork(r.conn, true)
	}
	if _, err := r.out.Write(frames); err != nil {
		return errGone
	}
	if len(frames) >= bulk {
		r.sustain(len(frames))
	}
	return nil
}

// flush sends what was written. The first time that is the head as well, for
// which net/http needs more stack than anything else here: a goroutine of its
// own has that, and gives it back, where the relay would keep it, 8 KiB of
// what it takes, for as long as it streams.
func (r *relay) flush() error {
	if r.begun {
		return r.flushHere()
	}
	r.tune()
	r.begun = true
	done := make(chan error)
	go func() { done <- r.flushHere() }()
	return <-done
}

func (r *relay) flushHere() error {
	err := r.out.Flush()
	r.uncork()
	if err != nil {
		return errGone
	}
	return nil
}

// bulk is from when on what is written is more than the kernel sends at once.
const bulk = 32 << 10

// uncork lets the kernel send all there is.
func (r *relay) uncork() {
	if r.corked {
		setCork(r.conn, false)
		r.corked = false
	}
}
