package kernel

import (
	"bytes"
	"errors"
	"fmt"

	"execd/kernel/wire"
	"execd/kernel/zmtp"
)

// What must have been seen for a kernel to be ready.
const (
	sawReply = 1 << iota
	sawIopub
)

// read gives each message of a channel to take until the connection ends.
// Nothing in here waits for anything but the socket: beyond 1,000 unread
// messages a kernel's PUB socket throws output away (zmq_setsockopt,
// ZMQ_SNDHWM), the idle that ends an execution included.
func (s *session) read(c *zmtp.Conn, name string, take func(*wire.Message)) {
	defer s.readers.Done()
	codec := wire.NewCodec(s.conn.key)
	for {
		frames, err := c.ReadMessage()
		var large *zmtp.TooLargeError
		switch {
		case errors.As(err, &large):
			s.onTooLarge(frames, large)
			continue
		case err != nil:
			s.lose(fmt.Errorf("%s: %w", name, err))
			return
		}
		m, err := codec.Decode(frames)
		if err != nil {
			s.drop(name, err)
			continue
		}
		take(&m)
	}
}

// drop says once per kernel that a message was not taken: a kernel with a
// wrong key, or somebody else, would fill the log otherwise.
func (s *session) drop(name string, err error) {
	s.odd.Do(func() { s.local.cfg.Logf("kernel %s: %s: drop message: %v", s.id, name, err) })
}

// onTooLarge tells the execution what it does not get.
func (s *session) onTooLarge(frames [][]byte, large *zmtp.TooLargeError) {
	m, err := wire.DecodeHead(frames)
	if err != nil {
		s.drop("large", err)
		return
	}
	if e := s.find(m.ParentID); e != nil {
		e.show(Output{Kind: KindDropped, Text: m.Type + ": " + large.Error()})
	}
}

func (s *session) onIopub(m *wire.Message) {
	s.saw(sawIopub)
	if e := s.find(m.ParentID); e != nil {
		if err := e.publish(m); err != nil {
			s.drop("iopub", err)
		}
	}
}

func (s *session) onShell(m *wire.Message) {
	switch m.Type {
	case "kernel_info_reply":
		s.saw(sawReply)
	case "execute_reply":
		if e := s.find(m.ParentID); e != nil {
			if err := e.reply(m); err != nil {
				s.drop("shell", err)
			}
		}
	}
}

// onStdin remembers who asked: an input_reply carries the request's header as
// its parent (Jupyter messaging documentation, "Messages on the stdin channel").
func (s *session) onStdin(m *wire.Message) {
	e := s.find(m.ParentID)
	if m.Type != "input_request" || e == nil {
		return
	}
	s.mu.Lock()
	s.asking = question{id: m.ParentID, header: bytes.Clone(m.Header)}
	s.mu.Unlock()
	if err := e.publish(m); err != nil {
		s.drop("stdin", err)
	}
}

// saw notes a flag of readiness; after the first time it is one atomic load.
func (s *session) saw(flag uint32) {
	if s.sawFlags.Load()&flag != 0 {
		return
	}
	old := s.sawFlags.Or(flag)
	if old&flag != 0 {
		return
	}
	if flag == sawReply {
		close(s.replied)
	}
	if old|flag == sawReply|sawIopub {
		close(s.ready)
	}
}
