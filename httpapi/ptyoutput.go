package httpapi

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gorilla/websocket"

	"execd/actors/event"
	"execd/actors/msg"
)

// write sends what the terminal shows until its process ends, the client
// leaves or somebody takes the seat. A terminal may show more than the client
// takes, for ever: between any two pieces of it the client is answered, and
// may be sent away.
func (p *ptyConn) write(ctx context.Context, gone <-chan struct{}) error {
	x := p.seat.Execution
	tail := x.Output.Tail(max(p.options.since-p.seat.Base, 0))
	defer tail.Close()
	_, live := x.Output.Range() // what was shown before the client came is replayed
	beat := time.NewTicker(ptyPing)
	defer beat.Stop()
	ended, last := x.Log.Done(), int64(0)
	for greeted := false; ; {
		if !greeted && tail.Offset() >= live {
			greeted = true
			if err := p.greet(); err != nil {
				return err
			}
		}
		if ended == nil && tail.Offset() >= last {
			return p.exit(ctx)
		}
		more, err := p.forward(tail, !greeted)
		if errors.Is(err, io.EOF) {
			return p.exit(ctx)
		}
		if err != nil {
			return err
		}
		select {
		case <-more:
		case <-ended:
			_, last = x.Output.Range() // what is there by now is still sent
			ended = nil
		case m := <-p.replies:
			err = p.sendJSON(m)
		case <-beat.C:
			err = p.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(p.server.config.WriteTimeout))
		case <-p.seat.Lost:
			return p.takenOver()
		case <-gone:
			return p.left()
		case <-ctx.Done():
			return p.sendClose(websocket.CloseGoingAway, "execd is shutting down")
		}
		if err != nil {
			return err
		}
	}
}

// greet tells a client that what follows is new.
func (p *ptyConn) greet() error {
	mode := "pty"
	if p.seat.Pipes {
		mode = "pipe"
	}
	return p.sendJSON(ptyMessage{Type: "connected", SessionID: p.id, Execution: p.seat.Execution.ID, Mode: mode})
}

func (p *ptyConn) takenOver() error { return p.sendClose(closeTakenOver, "TAKEN_OVER") }

// left tells a client of which nothing comes any more that it has lost the
// seat, where that is why.
func (p *ptyConn) left() error {
	select {
	case <-p.seat.Lost:
		return p.takenOver()
	default:
		return nil
	}
}

// atOnce is what to wait for where there is more already.
var atOnce = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// forward sends a piece of what is there, and returns what to wait for.
func (p *ptyConn) forward(tail *event.Tail, replay bool) (<-chan struct{}, error) {
	at := tail.Offset()
	stream, b, more, err := tail.Take()
	var evicted *event.EvictedError
	switch {
	case errors.As(err, &evicted): // too slow even for the disk
		tail.Skip(evicted.Oldest)
		if replay { // which tells where it is
			return atOnce, nil
		}
		return atOnce, p.sendJSON(ptyMessage{Type: "error", Code: string(msg.Evicted), Error: evicted.Error()})
	case err != nil || more != nil:
		return more, err
	case replay:
		return atOnce, p.replay(at, b)
	}
	return atOnce, p.sendBinary([]byte{byte(frameStdout + stream)}, b)
}

// replay sends what was shown before the client came.
func (p *ptyConn) replay(at int64, b []byte) error {
	for len(b) > 0 {
		n := min(len(b), ptyReplayPortion)
		head := binary.BigEndian.AppendUint64([]byte{frameReplay}, uint64(p.seat.Base+at))
		if err := p.sendBinary(head, b[:n]); err != nil {
			return err
		}
		at, b = at+int64(n), b[n:]
	}
	return nil
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
