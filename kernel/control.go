package kernel

import (
	"context"
	"encoding/json"
	"fmt"
	"syscall"
	"time"

	"execd/kernel/wire"
	"execd/kernel/zmtp"
)

// termGrace is how long a kernel has after SIGTERM. One that did not end when
// asked is stuck or has handled the signal itself; it has had its time before.
const termGrace = 500 * time.Millisecond

// Interrupt implements Kernel.
func (s *session) Interrupt(ctx context.Context) error {
	if err := s.Err(); err != nil {
		return fmt.Errorf("interrupt: %w", err)
	}
	s.insist(s.interrupt)
	return s.interrupt(ctx)
}

func (s *session) interrupt(ctx context.Context) error {
	if s.message {
		return s.control(ctx, "interrupt_request", nil)
	}
	return s.signal(syscall.SIGINT)
}

// Shutdown implements Kernel. What runs is interrupted first, as jupyter_client
// does: a kernel answers while it computes, but ends only after the cell.
func (s *session) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	busy := len(s.running) > 0
	s.mu.Unlock()

	ask, cancel := context.WithTimeout(ctx, s.local.cfg.ShutdownGrace)
	defer cancel()
	if busy {
		_ = s.Interrupt(ask)
	}
	// The answer does not matter: gonb's gets lost, and the kernel ends.
	_ = s.control(ask, "shutdown_request", []byte(`{"restart":false}`))
	s.ended(ask)
	if !s.isDone() && ctx.Err() == nil {
		_ = s.signal(syscall.SIGTERM)
		term, cancel := context.WithTimeout(ctx, termGrace)
		defer cancel()
		s.ended(term)
	}
	if !s.isDone() {
		s.proc.Kill()
	}
	<-s.done
	return nil
}

// ended waits until the kernel is gone or ctx is.
func (s *session) ended(ctx context.Context) {
	select {
	case <-s.done:
	case <-ctx.Done():
	}
}

// control sends one request on the control channel and waits for its reply.
// The connection is made for it: control is used once or twice in the life of
// a kernel, so that an idle one need not pay for a socket and a goroutine.
// Kernels serve it while they compute.
func (s *session) control(ctx context.Context, kind string, content []byte) error {
	c, err := zmtp.Dial(ctx, s.conn.network, s.conn.address(controlChannel), zmtp.Options{Type: zmtp.Dealer})
	if err != nil {
		return fmt.Errorf("%s: connect control: %w", kind, err)
	}
	defer func() { _ = c.Close() }()
	defer context.AfterFunc(ctx, func() { _ = c.SetReadDeadline(time.Unix(1, 0)) })()
	codec, id := wire.NewCodec(s.conn.key), s.nextID()
	m := wire.Message{Header: wire.Header(s.name, id, kind, time.Now()), Content: content}
	if err := c.WriteMessage(codec.Encode(m)...); err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	for {
		frames, err := c.ReadMessage()
		if err != nil {
			return fmt.Errorf("%s: %w", kind, orCause(ctx, err))
		}
		m, err := codec.Decode(frames)
		if err != nil || m.ParentID != id {
			continue
		}
		return controlReply(kind, m.Content)
	}
}

func controlReply(kind string, content []byte) error {
	var r reply
	if err := json.Unmarshal(content, &r); err != nil {
		return fmt.Errorf("%s: reply: %w", kind, err)
	}
	if r.Status == "error" {
		return fmt.Errorf("%s: kernel answers %s: %s", kind, r.EName, r.EValue)
	}
	return nil // JJava's shutdown_reply has no status
}

// orCause prefers the reason of ctx to the deadline error it made.
func orCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}
