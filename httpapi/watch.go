package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"execd/actors/event"
	"execd/actors/msg"
)

// watchFiles streams what happens to a file or a directory, from now on, or
// behind the event that the client has seen last.
func (s *Server) watchFiles(c echo.Context) error {
	q, err := readWatch(c)
	if err != nil {
		return err
	}
	// The answer has to be waited for, or nobody would close its cursor.
	w, err := msg.Ask(context.WithoutCancel(c.Request().Context()), s.config.Supervisor, q)
	if err != nil {
		return fileFault(err)
	}
	v := &watchView{path: q.Path, watch: w}
	defer func() { v.watch.Cursor.Close() }()
	v.take()
	if errors.Is(v.err, io.EOF) { // all was read before: tells an EventSource not to come back
		return c.NoContent(http.StatusNoContent)
	}
	return v.relay(s.newRelay(c, ""))
}

// readWatch is what a request wants to be watched.
func readWatch(c echo.Context) (q msg.WatchFiles, err error) {
	q = msg.WatchFiles{Reply: msg.NewReply[msg.Watch](), After: -1}
	if q.Path, err = queryPath(c); err != nil {
		return q, err
	}
	if v := c.QueryParam("recursive"); v != "" {
		if q.Recursive, err = strconv.ParseBool(v); err != nil {
			return q, badRequest("recursive must be true or false, got %q", v)
		}
	}
	if c.QueryParam("after") != "" || c.Request().Header.Get("Last-Event-Id") != "" {
		q.After, err = afterOf(c)
	}
	return q, err
}

// watchView is one client's view of a watch.
type watchView struct {
	path  string
	watch msg.Watch

	at    int64 // the id behind which chunk is
	chunk event.Chunk
	wait  <-chan struct{}
	err   error
}

func (v *watchView) take() {
	v.at = v.watch.Cursor.After()
	v.chunk, v.wait, v.err = v.watch.Cursor.Take()
}

// relay sends what happens until the end. It begins with an event that says
// where: that of one who has missed something says so.
func (v *watchView) relay(r *relay) error {
	defer r.restore()
	r.lossy = true
	typ := event.TypeWatching
	for {
		if v.watch.Missed || errors.As(v.err, new(*event.EvictedError)) {
			typ = event.TypeResync
		}
		if v.err != nil { // what is there by now tells more than what is left of the events
			next := v.watch.Log.Cursor(v.watch.Log.Head())
			v.watch.Cursor.Close()
			v.watch.Cursor = next
			v.take()
		}
		err := r.write(event.At(v.at, event.Event{Type: typ, Time: time.Now(), Path: v.path}))
		if err == nil && v.err == nil {
			v.err = r.run(v.watch.Cursor, v.chunk, v.wait)
		}
		switch {
		case err != nil:
			return err
		case !errors.As(v.err, new(*event.EvictedError)):
			return v.err
		}
	}
}
