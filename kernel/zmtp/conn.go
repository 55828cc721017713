package zmtp

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// readBuffer is small because an idle kernel keeps it: a Jupyter status
	// message has about 1 KiB, and bodies larger than the buffer are read
	// around it, straight into place.
	readBuffer = 4 << 10

	// arenaSize holds the small frames of a usual message; larger frames and
	// the frames of unusual messages get memory of their own.
	arenaSize = 4 << 10

	// keepWrite is how much write buffer stays with an idle connection.
	keepWrite = 4 << 10

	// maxFrames bounds the parts of one message. Jupyter has six, plus one for
	// each binary buffer of a widget.
	maxFrames = 1024

	// DefaultFrame is the limit of one frame. The largest honest one is a
	// print or a picture of a user, and 256 MiB of it fill no daemon's memory.
	DefaultFrame = 256 << 20

	// WriteTimeout ends a connection whose peer does not read. ZeroMQ reads in
	// a thread of its own, also while the kernel computes, so it takes a
	// stopped process or a thousand unread messages to get there.
	WriteTimeout = 5 * time.Second
)

// Options say what our end of a connection is. Only Type is required.
type Options struct {
	Type     SocketType
	Identity []byte // what a ROUTER addresses us by; empty lets it choose
	Frame    int64  // limit of a frame and of a message; DefaultFrame if 0

	Write time.Duration // how long the peer may not read before it is given up; WriteTimeout if 0
}

// Conn is a connection that has shaken hands. The zero value is not usable.
type Conn struct {
	counted  *counted
	r        *bufio.Reader // of counted; belongs to the reader, as do frames and arena
	frames   [][]byte
	arena    []byte
	limit    int64
	identity []byte

	mu       sync.Mutex // guards the writing side
	wbuf     []byte
	patience time.Duration
}

// counted counts what was read, so that somebody can see a large frame arrive.
type counted struct {
	net.Conn
	n atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// TooLargeError says that a message was over the limit. It was read off the
// connection and thrown away, and the connection goes on.
type TooLargeError struct {
	Size  int64 // of the whole message
	Limit int64
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("message of %d bytes is over the limit of %d", e.Size, e.Limit)
}

// New shakes hands over nc, which it owns from then on and closes on failure.
func New(ctx context.Context, nc net.Conn, o Options) (*Conn, error) {
	c := &Conn{counted: &counted{Conn: nc}, limit: o.Frame, patience: cmp.Or(o.Write, WriteTimeout)}
	c.r = bufio.NewReaderSize(c.counted, readBuffer)
	if c.limit <= 0 {
		c.limit = DefaultFrame
	}
	if err := c.shake(ctx, o); err != nil {
		_ = nc.Close()
		return nil, err
	}
	return c, nil
}

// ReadMessage returns the frames of the next message. They are valid until the
// next call. With a *TooLargeError come the frames before the one that broke
// the limit. After any other error the connection is of no use.
func (c *Conn) ReadMessage() ([][]byte, error) {
	clear(c.frames) // an idle connection is not to hold on to the last picture
	c.frames, c.arena = c.frames[:0], c.arena[:0]
	var size int64
	dropping := false
	for {
		f, err := readFrame(c.r)
		if err != nil {
			return nil, err
		}
		if f.command {
			if err := c.obey(f); err != nil {
				return nil, err
			}
			continue
		}
		size += f.size
		dropping = dropping || size > c.limit || len(c.frames) == maxFrames
		if err := c.readBody(f.size, dropping); err != nil {
			return nil, midway(err)
		}
		if f.more {
			continue
		}
		if dropping {
			return c.frames, &TooLargeError{Size: size, Limit: c.limit}
		}
		return c.frames, nil
	}
}

func (c *Conn) readBody(size int64, drop bool) error {
	if drop {
		_, err := io.CopyN(io.Discard, c.r, size)
		return err
	}
	body := c.room(int(size))
	if _, err := io.ReadFull(c.r, body); err != nil {
		return err
	}
	c.frames = append(c.frames, body)
	return nil
}

// room returns memory for a frame of n bytes. A full arena is replaced, not
// grown: the frames already read point into it.
func (c *Conn) room(n int) []byte {
	if n > arenaSize/2 {
		return make([]byte, n)
	}
	if len(c.arena)+n > cap(c.arena) {
		c.arena = make([]byte, 0, arenaSize)
	}
	at := len(c.arena)
	c.arena = c.arena[:at+n]
	return c.arena[at : at+n : at+n]
}

// WriteMessage sends one message of the given frames in one write.
func (c *Conn) WriteMessage(frames ...[]byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	buf := c.wbuf[:0]
	for i, f := range frames {
		var flags byte
		if i < len(frames)-1 {
			flags = flagMore
		}
		buf = appendFrame(buf, flags, f)
	}
	if cap(buf) <= keepWrite {
		c.wbuf = buf
	}
	return c.writeLocked(buf)
}

// Subscribe asks a PUB for the messages that begin with topic; the message
// form is the one of RFC 23, section "Publish-Subscribe".
func (c *Conn) Subscribe(topic string) error {
	return c.WriteMessage(append([]byte{1}, topic...))
}

func (c *Conn) write(b []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.writeLocked(b)
}

// writeLocked closes the connection on failure: after a partial write the
// peer cannot find the next frame.
func (c *Conn) writeLocked(b []byte) error {
	err := c.counted.SetWriteDeadline(time.Now().Add(c.patience))
	if err == nil {
		_, err = c.counted.Write(b)
	}
	if err != nil {
		_ = c.counted.Close()
	}
	return err
}

// Received returns how many bytes have come in; it also grows in the middle of
// a message.
func (c *Conn) Received() int64 { return c.counted.n.Load() }

// PeerIdentity returns the identity the peer gave in its READY.
func (c *Conn) PeerIdentity() []byte { return c.identity }

// SetReadDeadline bounds how long reading goes on; see net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.counted.SetReadDeadline(t) }

// Close closes the connection; a blocked read or write returns.
func (c *Conn) Close() error { return c.counted.Close() }
