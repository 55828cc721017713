package httpapi

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/websocket"
	"github.com/labstack/echo/v4"

	"execd/actors/event"
	"execd/actors/msg"
)

// The first byte of a binary frame.
const (
	frameStdin  = 0
	frameStdout = 1
	frameStderr = 2 // on pipes only
	frameReplay = 3 // with the offset of what follows, as 8 bytes, big-endian
)

// Close codes and timings of the protocol.
const (
	closeTakenOver   = 4001
	ptyPing          = 30 * time.Second
	ptyPatience      = 2 * ptyPing // without any sign of life
	ptyMaxMessage    = 1 << 20     // of what is typed, or pasted
	ptyBuffer        = 4 << 10
	ptyReplayPortion = 64 << 10
)

// upgrader leaves the question of origins to admit, which was here before.
var upgrader = websocket.Upgrader{
	ReadBufferSize: ptyBuffer, WriteBufferSize: ptyBuffer,
	CheckOrigin: func(*http.Request) bool { return true },
}

// ptyOptions is the query of a terminal's socket.
type ptyOptions struct {
	since              int64
	pipes              bool
	takeover, observer bool
}

func readPTYOptions(c echo.Context) (o ptyOptions, err error) {
	if o.since, err = offset(c.QueryParam("since"), "since"); err != nil {
		return o, err
	}
	if v := c.QueryParam("pty"); v != "" {
		on, err := strconv.ParseBool(v)
		if err != nil {
			return o, badRequest("pty must be 0 or 1, got %q", v)
		}
		o.pipes = !on
	}
	if o.takeover, err = flag(c, "takeover"); err != nil {
		return o, err
	}
	switch role := c.QueryParam("role"); role {
	case "", "holder":
	case "observer":
		o.observer = true
	default:
		return o, badRequest("role must be holder or observer, got %q", role)
	}
	return o, nil
}

// ptySocket connects a WebSocket to a terminal: to type on it, or to watch.
func (s *Server) ptySocket(c echo.Context) error {
	o, err := readPTYOptions(c)
	if err != nil {
		return err
	}
	x, err := s.findTerminal(c)
	if err != nil {
		return err
	}
	if x.Held && !o.observer && !o.takeover {
		return msg.Errorf(msg.AlreadyConnected,
			"somebody is connected to this terminal; take it over with takeover=1, or watch with role=observer")
	}
	var refused error
	handshake := upgrader
	handshake.Error = func(_ http.ResponseWriter, _ *http.Request, _ int, reason error) { refused = badRequest("%w", reason) }
	conn, err := handshake.Upgrade(c.Response(), c.Request(), nil)
	if refused != nil {
		return refused
	}
	if err != nil {
		return errGone
	}
	p := &ptyConn{server: s, conn: conn, id: x.ID, options: o}
	p.serve(c.Request().Context())
	return nil
}

// ptyConn is one client of a terminal. Its handler writes; a goroutine reads.
type ptyConn struct {
	server  *Server
	conn    *websocket.Conn
	id      string
	options ptyOptions
	seat    msg.Seat
	replies chan ptyMessage // from the reader to the writer
	scratch []byte
}

func (p *ptyConn) serve(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer p.conn.Close()
	defer cancel()
	seat, err := msg.Ask(ctx, p.server.config.Supervisor, msg.OpenTerminal{
		Reply: msg.NewReply[msg.Seat](), ID: p.id,
		Pipes: p.options.pipes, Observer: p.options.observer, Takeover: p.options.takeover,
	})
	if err != nil {
		p.refuse(err)
		return
	}
	defer seat.Leave()
	p.seat, p.replies = seat, make(chan ptyMessage, 1)
	gone := make(chan struct{})
	go p.read(ctx, gone)
	err = p.write(ctx, gone)
	cancel()
	_ = p.conn.Close() // ends the reader
	<-gone
	if err != nil {
		p.server.config.Log.Debug().Err(err).Str("terminal", p.id).Msg("terminal client left")
	}
}

// refuse tells a client that there is no place for it after all.
func (p *ptyConn) refuse(err error) {
	code, message := "START_FAILED", err.Error()
	var known *msg.Error
	if errors.As(err, &known) && known.Code == msg.AlreadyConnected {
		code = string(known.Code)
	}
	_ = p.sendJSON(ptyMessage{Type: "error", Code: code, Error: message}) // the close says it too
	_ = p.sendClose(websocket.CloseInternalServerErr, code)
}

// ptyMessage is a text frame, in either direction.
type ptyMessage struct {
	Type      string `json:"type"`
	SessionID string `json:"session_id,omitempty"`
	Execution string `json:"execution_id,omitempty"`
	Mode      string `json:"mode,omitempty"`
	ExitCode  *int   `json:"exit_code,omitempty"`
	Signal    string `json:"signal,omitempty"`
	Code      string `json:"code,omitempty"`
	Error     string `json:"error,omitempty"`
	Data      string `json:"data,omitempty"`
	Columns   uint16 `json:"cols,omitempty"`
	Rows      uint16 `json:"rows,omitempty"`
}

// write sends what the terminal shows until its process ends, the client
// leaves or somebody takes the seat.
func (p *ptyConn) write(ctx context.Context, gone <-chan struct{}) error {
	x := p.seat.Execution
	tail := x.Output.Tail(max(p.options.since-p.seat.Base, 0))
	defer tail.Close()
	if err := p.replay(ctx, tail); err != nil {
		return err
	}
	mode := "pty"
	if p.seat.Pipes {
		mode = "pipe"
	}
	if err := p.sendJSON(ptyMessage{Type: "connected", SessionID: p.id, Execution: x.ID, Mode: mode}); err != nil {
		return err
	}
	beat := time.NewTicker(ptyPing)
	defer beat.Stop()
	ended := x.Log.Done()
	for {
		more, err := p.forward(tail)
		switch {
		case errors.Is(err, io.EOF), err == nil && ended == nil:
			return p.exit(ctx)
		case err != nil:
			return err
		}
		select {
		case <-more:
		case <-ended:
			ended = nil // what is there by now is still sent
		case m := <-p.replies:
			err = p.sendJSON(m)
		case <-beat.C:
			err = p.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(p.server.config.WriteTimeout))
		case <-p.seat.Lost:
			return p.sendClose(closeTakenOver, "TAKEN_OVER")
		case <-gone:
			return nil
		case <-ctx.Done():
			return p.sendClose(websocket.CloseGoingAway, "execd is shutting down")
		}
		if err != nil {
			return err
		}
	}
}

// replay sends what was shown before the client came.
func (p *ptyConn) replay(ctx context.Context, tail *event.Tail) error {
	_, end := p.seat.Execution.Output.Range()
	for tail.Offset() < end {
		at := tail.Offset()
		_, b, more, err := tail.Take()
		var evicted *event.EvictedError
		switch {
		case errors.As(err, &evicted):
			tail.Skip(evicted.Oldest)
			continue
		case err != nil:
			return err
		case more != nil, ctx.Err() != nil:
			return context.Cause(ctx)
		}
		for len(b) > 0 {
			n := min(len(b), ptyReplayPortion)
			head := binary.BigEndian.AppendUint64([]byte{frameReplay}, uint64(p.seat.Base+at))
			if err := p.sendBinary(head, b[:n]); err != nil {
				return err
			}
			at, b = at+int64(n), b[n:]
		}
	}
	return nil
}

// forward sends everything that is there, and returns what to wait for.
func (p *ptyConn) forward(tail *event.Tail) (<-chan struct{}, error) {
	for {
		stream, b, more, err := tail.Take()
		var evicted *event.EvictedError
		if errors.As(err, &evicted) { // too slow even for the disk: what is gone is told
			tail.Skip(evicted.Oldest)
			if err := p.sendJSON(ptyMessage{Type: "error", Code: string(msg.Evicted), Error: err.Error()}); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil || more != nil {
			return more, err
		}
		if err := p.sendBinary([]byte{byte(frameStdout + stream)}, b); err != nil {
			return nil, err
		}
	}
}

// exit tells how the process ended, after all it has shown.
func (p *ptyConn) exit(ctx context.Context) error {
	x := p.seat.Execution
	select {
	case <-x.Log.Done():
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	now, err := msg.Ask(ctx, p.server.config.Supervisor, msg.FindExecution{Reply: msg.NewReply[msg.Execution](), ID: x.ID})
	if err != nil {
		return fmt.Errorf("find exit status: %w", err)
	}
	code := -1
	if now.Status.ExitCode != nil {
		code = *now.Status.ExitCode
	}
	if err := p.sendJSON(ptyMessage{Type: "exit", ExitCode: &code, Signal: now.Status.Signal}); err != nil {
		return err
	}
	return p.sendClose(websocket.CloseNormalClosure, "process exited")
}

func (p *ptyConn) sendBinary(head, b []byte) error {
	p.scratch = append(append(p.scratch[:0], head...), b...)
	return p.send(websocket.BinaryMessage, p.scratch)
}

func (p *ptyConn) sendJSON(m ptyMessage) error {
	b, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode frame: %w", err)
	}
	return p.send(websocket.TextMessage, b)
}

func (p *ptyConn) sendClose(code int, reason string) error {
	return p.send(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason))
}

func (p *ptyConn) send(kind int, b []byte) error {
	if err := p.conn.SetWriteDeadline(time.Now().Add(p.server.config.WriteTimeout)); err != nil {
		return errGone
	}
	if err := p.conn.WriteMessage(kind, b); err != nil {
		return errGone
	}
	return nil
}
