package zmtp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"time"
)

// SocketType is a ZeroMQ socket type as it is named in READY.
type SocketType string

// The socket types of a Jupyter client (DEALER, SUB) and of a kernel.
const (
	Dealer SocketType = "DEALER"
	Sub    SocketType = "SUB"
	Router SocketType = "ROUTER"
	Pub    SocketType = "PUB"
)

// partners says which peers a socket type may talk to (RFC 23, section "The
// Socket-Type Property"). REP is left out for DEALER: it would take an
// envelope that Jupyter does not send.
var partners = map[SocketType][]SocketType{
	Dealer: {Router, Dealer},
	Sub:    {Pub, "XPUB"},
	Router: {Dealer, Router, "REQ"},
	Pub:    {Sub, "XSUB"},
}

// A greeting has 64 octets (RFC 23, section "Greeting"): the signature, the
// version at 10, the mechanism at 12, as-server at 32, filler.
const (
	greetingSize = 64
	versionAt    = 10
	mechanismAt  = 12
	mechanismEnd = 32
)

// greeting is ours: version 3.0, mechanism NULL.
func greeting() []byte {
	b := make([]byte, greetingSize)
	b[0], b[9] = 0xff, 0x7f
	b[versionAt] = 3
	copy(b[mechanismAt:], "NULL")
	return b
}

// shake does the handshake; it returns early when ctx ends.
func (c *Conn) shake(ctx context.Context, o Options) error {
	stop := context.AfterFunc(ctx, func() { _ = c.counted.SetDeadline(time.Unix(1, 0)) })
	err := c.exchange(o)
	if !stop() {
		return fmt.Errorf("handshake: %w", context.Cause(ctx))
	}
	if err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	return nil
}

func (c *Conn) exchange(o Options) error {
	if err := c.write(greeting()); err != nil {
		return err
	}
	if err := c.readGreeting(); err != nil {
		return err
	}
	if err := c.write(appendFrame(nil, flagCommand, readyCommand(o))); err != nil {
		return err
	}
	return c.readReady(o.Type)
}

// readGreeting looks at the version as soon as it is there: a ZMTP 2 peer
// sends nothing after it until it has been answered in kind.
func (c *Conn) readGreeting() error {
	var b [greetingSize]byte
	if _, err := io.ReadFull(c.r, b[:versionAt+1]); err != nil {
		return midway(err)
	}
	if b[0] != 0xff || b[9]&1 == 0 {
		return fmt.Errorf("greeting %x: %w", b[:versionAt], ErrProtocol)
	}
	if b[versionAt] < 3 {
		return fmt.Errorf("peer speaks version %d: %w", b[versionAt], ErrProtocol)
	}
	if _, err := io.ReadFull(c.r, b[versionAt+1:]); err != nil {
		return midway(err)
	}
	mechanism := bytes.TrimRight(b[mechanismAt:mechanismEnd], "\x00")
	if string(mechanism) != "NULL" {
		return fmt.Errorf("peer wants mechanism %q: %w", mechanism, ErrProtocol)
	}
	return nil
}

func (c *Conn) readReady(ours SocketType) error {
	f, err := readFrame(c.r)
	if err != nil {
		return midway(err)
	}
	if !f.command {
		return fmt.Errorf("message before READY: %w", ErrProtocol)
	}
	body, err := c.readCommand(f)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(body, []byte("\x05ERROR")) {
		return peerError(body)
	}
	theirs, identity, err := parseReady(body)
	if err != nil {
		return err
	}
	if !slices.Contains(partners[ours], theirs) {
		return fmt.Errorf("%s cannot talk to %q: %w", ours, theirs, ErrProtocol)
	}
	c.identity = identity
	return nil
}

// Dial connects to a listening peer and does the handshake, both within ctx.
func Dial(ctx context.Context, network, address string, o Options) (*Conn, error) {
	var d net.Dialer
	nc, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return New(ctx, nc, o)
}
