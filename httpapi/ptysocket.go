package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/websocket"
	"github.com/labstack/echo/v4"

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
	CheckOrigin:  func(*http.Request) bool { return true },
	Subprotocols: []string{terminalProtocol},
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
	c.Response().Status, c.Response().Committed = http.StatusSwitchingProtocols, true // for the log
	p := &ptyConn{server: s, conn: conn, id: x.ID, origin: origin(c), options: o}
	p.serve(c.Request().Context())
	return nil
}

// ptyConn is one client of a terminal. Its handler writes; a goroutine reads.
type ptyConn struct {
	server  *Server
	conn    *websocket.Conn
	id      string
	origin  msg.Origin
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
		Reply: msg.NewReply[msg.Seat](), Origin: p.origin, ID: p.id,
		Pipes: p.options.pipes, Observer: p.options.observer, Takeover: p.options.takeover,
	})
	if err != nil {
		p.refuse(err)
		return
	}
	p.seat, p.replies = seat, make(chan ptyMessage, 1)
	gone := make(chan struct{})
	go p.read(ctx, gone)
	err = p.write(ctx, gone)
	shutdown := ctx.Err() != nil
	cancel()
	seat.Leave()
	if err == nil && !shutdown {
		p.linger(gone)
	}
	_ = p.conn.Close() // ends the reader
	<-gone
	if err != nil {
		p.server.config.Log.Debug().Err(err).Str(fieldRequest, p.origin.RequestID).Str("terminal", p.id).Msg("terminal client left")
	}
}

// linger lets a client that was told of the end read on: what it still sends
// would have the kernel reset the connection, if that was closed, and what is
// on its way would be lost, the end included.
func (p *ptyConn) linger(gone <-chan struct{}) {
	conn := p.conn.NetConn()
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil || conn.SetReadDeadline(time.Now().Add(lingerTime)) != nil {
		return
	}
	<-gone
	_, _ = io.Copy(io.Discard, conn) // until the client closes its side, or the time is up
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
