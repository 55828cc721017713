package zmtp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// maxCommand bounds a command's body. The largest there is, READY, has a
// handful of properties of at most 255 octets of name and a short value.
const maxCommand = 64 << 10

// pingHead is what precedes the context in PING: the name and a 16-bit TTL
// (RFC 37, section "Connection Heartbeating").
const pingHead = len("\x04PING") + 2

// readCommand reads the body of the command f.
func (c *Conn) readCommand(f frame) ([]byte, error) {
	if f.size > maxCommand {
		return nil, fmt.Errorf("command of %d bytes: %w", f.size, ErrProtocol)
	}
	body := make([]byte, f.size)
	_, err := io.ReadFull(c.r, body)
	return body, midway(err)
}

// obey does what a command says that comes after the handshake.
func (c *Conn) obey(f frame) error {
	body, err := c.readCommand(f)
	if err != nil {
		return err
	}
	switch {
	case bytes.HasPrefix(body, []byte("\x04PING")) && len(body) >= pingHead:
		return c.write(appendFrame(nil, flagCommand, append([]byte("\x04PONG"), body[pingHead:]...)))
	case bytes.HasPrefix(body, []byte("\x05ERROR")):
		return peerError(body)
	}
	return nil // PONG, SUBSCRIBE, CANCEL and what later versions add
}

// peerError is the reason in an ERROR command (RFC 23, section "The NULL
// Security Mechanism").
func peerError(body []byte) error {
	reason := body[len("\x05ERROR"):]
	if len(reason) > 0 {
		reason = reason[1:]
	}
	return fmt.Errorf("peer refused: %q: %w", reason, ErrProtocol)
}

// readyCommand is the body of the READY command with our metadata.
func readyCommand(o Options) []byte {
	b := append([]byte("\x05READY"), property("Socket-Type", []byte(o.Type))...)
	if o.Type == Dealer || o.Type == Router {
		b = append(b, property("Identity", o.Identity)...)
	}
	return b
}

func property(name string, value []byte) []byte {
	b := append([]byte{byte(len(name))}, name...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(value)))
	return append(b, value...)
}

// parseReady returns the socket type and the identity in the body of READY.
// Names of properties are case-insensitive.
func parseReady(body []byte) (SocketType, []byte, error) {
	rest, ok := bytes.CutPrefix(body, []byte("\x05READY"))
	if !ok {
		return "", nil, fmt.Errorf("no READY but %q: %w", body[:min(len(body), 32)], ErrProtocol)
	}
	var kind SocketType
	var identity []byte
	for len(rest) > 0 {
		name, value, next, err := cutProperty(rest)
		if err != nil {
			return "", nil, err
		}
		switch {
		case bytes.EqualFold(name, []byte("Socket-Type")):
			kind = SocketType(value)
		case bytes.EqualFold(name, []byte("Identity")):
			identity = bytes.Clone(value)
		}
		rest = next
	}
	return kind, identity, nil
}

func cutProperty(b []byte) (name, value, rest []byte, err error) {
	n := int(b[0])
	if len(b) < 1+n+4 {
		return nil, nil, nil, fmt.Errorf("short property: %w", ErrProtocol)
	}
	name, b = b[1:1+n], b[1+n:]
	size := uint64(binary.BigEndian.Uint32(b))
	if uint64(len(b)) < 4+size {
		return nil, nil, nil, fmt.Errorf("short value of %q: %w", name, ErrProtocol)
	}
	return name, b[4 : 4+size], b[4+size:], nil
}
