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
