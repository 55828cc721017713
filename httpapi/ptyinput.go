package httpapi

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/gorilla/websocket"

	"execd/actors/msg"
)

// read takes what the client types and asks for, until it leaves.
func (p *ptyConn) read(ctx context.Context, gone chan<- struct{}) {
	defer close(gone)
	ctx, cancel := p.whileSeated(ctx)
	defer cancel()
	p.conn.SetReadLimit(ptyMaxMessage)
	alive := func() error { return p.conn.SetReadDeadline(time.Now().Add(ptyPatience)) }
	p.conn.SetPongHandler(func(string) error { return alive() })
	for {
		if alive() != nil || ctx.Err() != nil { // in this order: see linger
			return
		}
		kind, b, err := p.conn.ReadMessage()
		if err != nil || ctx.Err() != nil { // who has lost the seat types no more
			return
		}
		if !p.reply(ctx, p.take(ctx, kind, b)) {
			return
		}
	}
}

// whileSeated is ctx until somebody else takes the seat: what was typed before
// and nobody has read yet must not keep the next one from typing.
func (p *ptyConn) whileSeated(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-p.seat.Lost:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// reply has the writer send m, unless that is empty. It reports false where
// nobody writes any more.
func (p *ptyConn) reply(ctx context.Context, m ptyMessage) bool {
	if m.Type == "" {
		return true
	}
	select {
	case p.replies <- m:
		return true
	case <-ctx.Done():
		return false
	}
}

// take does what a frame asks for, and returns what to answer.
func (p *ptyConn) take(ctx context.Context, kind int, b []byte) ptyMessage {
	if kind == websocket.BinaryMessage {
		if len(b) == 0 || b[0] != frameStdin {
			return invalidFrame("a binary frame begins with a zero byte, for stdin")
		}
		return p.typed(ctx, b[1:])
	}
	var m ptyMessage
	if err := json.Unmarshal(b, &m); err != nil {
		return invalidFrame(err.Error())
	}
	switch m.Type {
	case "stdin":
		return p.typed(ctx, []byte(m.Data))
	case "signal":
		return p.ask(ctx, msg.SignalExecution{Reply: msg.NewReply[msg.Nothing](), ID: p.seat.Execution.ID, Signal: m.Signal})
	case "resize":
		if m.Columns == 0 || m.Rows == 0 {
			return invalidFrame("resize needs cols and rows above 0")
		}
		return p.ask(ctx, msg.ResizeTerminal{Reply: msg.NewReply[msg.Nothing](), ID: p.id, Columns: m.Columns, Rows: m.Rows})
	case "ping":
		return ptyMessage{Type: "pong"}
	}
	return invalidFrame("unknown type " + m.Type)
}

func invalidFrame(text string) ptyMessage {
	return ptyMessage{Type: "error", Code: "INVALID_FRAME", Error: text}
}

var readOnly = ptyMessage{Type: "error", Code: "READ_ONLY", Error: "an observer only watches"}

func (p *ptyConn) typed(ctx context.Context, b []byte) ptyMessage {
	in := p.seat.Execution.Input
	if in == nil {
		return readOnly
	}
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	for piece := range slices.Chunk(b, ptyTypedAtOnce) {
		stop := p.knock(leave)
		_, err := in.Write(ctx, piece)
		stop()
		if err != nil {
			return ptyMessage{Type: "error", Code: "STDIN_WRITE_FAILED", Error: err.Error()}
		}
	}
	return ptyMessage{}
}

// ptyTypedAtOnce is what a terminal that is read from takes within a moment.
const ptyTypedAtOnce = 4 << 10

// knock asks the client whether it is still there, while the terminal does not
// take what it has typed: nothing is read from it for so long, and it would
// keep its seat. Leave is called where it is not.
func (p *ptyConn) knock(leave func()) (stop func()) {
	taken := make(chan struct{})
	timer := time.AfterFunc(p.server.config.Heartbeat, func() {
		again := time.NewTicker(p.server.config.Heartbeat)
		defer again.Stop()
		for {
			if p.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(p.server.config.WriteTimeout)) != nil {
				leave()
				return
			}
			select {
			case <-again.C:
			case <-taken:
				return
			}
		}
	})
	return func() { timer.Stop(); close(taken) }
}

// ask does what only whoever types may do.
func (p *ptyConn) ask(ctx context.Context, q msg.Request[msg.Nothing]) ptyMessage {
	if p.options.observer {
		return readOnly
	}
	if _, err := msg.Ask(ctx, p.server.config.Supervisor, q); err != nil {
		return invalidFrame(err.Error())
	}
	return ptyMessage{}
}
