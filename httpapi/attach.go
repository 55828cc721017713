package httpapi

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"

	"github.com/labstack/echo/v4"

	"execd/actors/event"
	"execd/actors/msg"
)

// attached is a reader of a run that goes on. Its connection was taken from
// net/http, whose buffers and deep stack are two thirds of what one costs that
// waits: it holds two small goroutines, of which one sees the client leave.
type attached struct {
	*relay
	wire   *bareSink // the relay's
	conn   net.Conn
	leave  context.CancelCauseFunc
	cursor *event.Cursor
	chunk  event.Chunk // with wait, what was taken from the cursor already
	wait   <-chan struct{}
}

const attachedKey = "attached"

// attachable reports whether the connection of a request can be taken: a bare
// one whose client knows chunks.
func attachable(r *http.Request) bool {
	_, bare := r.Context().Value(connKey{}).(syscall.Conn)
	return bare && r.ProtoMajor == 1 && r.ProtoMinor >= 1
}

// attach takes the connection for the events behind after. What fails before
// that is an answer as any other. The events are sent once the handlers of
// the request have returned, see admit.
func (s *Server) attach(c echo.Context, x msg.Execution, after int64) error {
	a := &attached{cursor: x.Log.Cursor(after)}
	var err error
	if a.chunk, a.wait, err = a.cursor.Take(); err != nil {
		a.cursor.Close()
		if errors.Is(err, io.EOF) { // it has ended meanwhile
			return s.stream(c, x, after, false)
		}
		return err
	}
	s.readers.enter()
	framing := s.framing(c.Request())
	c.Response().Header().Set(headerExecution, x.ID)
	head := headOf(c, framing, true)
	conn, _, err := http.NewResponseController(c.Response().Writer).Hijack()
	if err != nil {
		a.cursor.Close()
		s.readers.leave(nil)
		return msg.Errorf(msg.NotSupported, "this connection cannot be read on: %w", err)
	}
	c.Response().Status, c.Response().Committed = http.StatusOK, true
	shrink(conn, streamBuffer)
	a.conn = conn
	s.readers.add(conn)
	a.wire = &bareSink{conn: conn, head: head, patience: s.config.WriteTimeout}
	a.relay = &relay{server: s, out: a.wire, conn: conn, framing: framing, begun: true}
	a.ctx, a.leave = context.WithCancelCause(s.base)
	c.Set(attachedKey, a)
	return nil
}

// run sends the events, and has the request told as answered when they end.
func (a *attached) run(c echo.Context, answered func(echo.Context)) {
	s, heard := a.server, make(chan struct{})
	go func() {
		defer close(heard)
		a.listen()
	}()
	defer func() {
		if reason := recover(); reason != nil {
			_ = s.recovered(c, reason) // it logs
		}
		a.cursor.Close()
		_ = a.conn.Close()
		a.leave(nil)
		<-heard
		c.Response().Size = a.wire.size
		answered(c)
		s.streams.give()
		s.readers.leave(a.conn)
	}()
	chunk, wait := a.chunk, a.wait
	a.chunk, a.wait = event.Chunk{}, nil // which would keep a part of the log in memory
	err := a.relay.run(a.cursor, chunk, wait)
	if a.beat != nil {
		a.beat.Stop()
	}
	if err == nil { // else it is cut: one who only sends no more would take what it has for the whole
		a.wire.end()
	}
	a.uncork()
}

// listen returns when the client has gone. It has nothing more to say, and is
// not listened to.
func (a *attached) listen() {
	nothing := make([]byte, 64)
	for {
		if _, err := a.conn.Read(nothing); err != nil {
			a.leave(errGone)
			return
		}
	}
}

// remembered is what has to be known of a request at its end, when echo has
// taken its context back for another.
func (s *Server) remembered(c echo.Context) echo.Context {
	r, h := c.Request(), c.Response().Header()
	about := http.Header{
		"User-Agent": r.Header["User-Agent"], headerRequestID: h[headerRequestID], headerExecution: h[headerExecution],
	}
	kept := s.echo.NewContext(&http.Request{
		Method: r.Method, URL: &url.URL{Path: r.URL.Path}, Header: about, RemoteAddr: r.RemoteAddr,
	}, silent(about))
	kept.SetPath(c.Path())
	kept.Response().Status, kept.Response().Committed = c.Response().Status, true
	return kept
}

// silent is a response that nobody gets.
type silent http.Header

func (s silent) Header() http.Header       { return http.Header(s) }
func (silent) Write(p []byte) (int, error) { return len(p), nil }
func (silent) WriteHeader(int)             {}
