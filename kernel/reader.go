package kernel

import (
	"errors"
	"fmt"

	"execd/kernel/wire"
	"execd/kernel/zmtp"
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

func (s *session) onTooLarge(frames [][]byte, large *zmtp.TooLargeError) {
	m, err := wire.DecodeHead(frames)
	if err != nil {
		s.drop("large", err)
		return
	}
	s.dropLarge(&m, large)
}
