package jupyter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"execd/kernel/wire"
)

const (
	// writeTimeout bounds a write to a server that does not read. It reads
	// unless it is stopped or stuck; a request has some KiB, which socket
	// buffers take anyway.
	writeTimeout = 10 * time.Second

	// keepBuffer is the largest buffer that an idle connection holds on to.
	keepBuffer = 64 << 10

	// maxSilence is how many pings may stay without an answer. One is not
	// enough: the server is one thread, which a large file keeps busy.
	maxSilence = 2
)

// ErrSilent is the end of a connection on which nothing came any more.
var ErrSilent = errors.New("no answer to pings")

// TooLargeError is a message that was thrown away; the connection goes on.
type TooLargeError struct{ Size, Limit int64 }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("message of %d bytes is above the limit of %d", e.Size, e.Limit)
}

// MalformedError is a frame that is no message; the connection goes on.
type MalformedError struct{ Cause error }

func (e *MalformedError) Error() string { return e.Cause.Error() }

// Unwrap gives the cause.
func (e *MalformedError) Unwrap() error { return e.Cause }

// Channels is the WebSocket of a kernel: all its channels in one connection.
//
// Read belongs to one goroutine. Write and Close may be called from any. When
// nothing comes for Config.PingEvery the server is pinged, and when it does
// not answer that either, the connection ends with ErrSilent: a network that
// swallows packets is not noticed otherwise.
type Channels struct {
	ws    *websocket.Conn
	under *promptConn
	v1    bool
	limit int64
	buf   []byte // of Read

	writeMu sync.Mutex

	pingEvery time.Duration
	mu        sync.Mutex // guards the rest
	pinger    *time.Timer
	seen      int64 // received at the last tick
	silence   int   // ticks without anything received
	cause     error // why we closed it
}

// Channels connects to the channels of a kernel. The server first waits until
// the kernel answers, so ctx decides how long that may take. Messages that are
// sent while session is disconnected are kept for it.
func (c *Client) Channels(ctx context.Context, kernelID, session string) (*Channels, error) {
	u := *c.base
	u.Scheme = map[string]string{"http": "ws", "https": "wss"}[u.Scheme]
	path := "/api/kernels/" + escape(kernelID) + "/channels"
	address := u.String() + path + "?" + url.Values{"session_id": {session}}.Encode()
	ws, response, err := c.dialer.DialContext(ctx, address, c.header()) //nolint:bodyclose // of a handshake it is a copy in memory
	if err != nil {
		return nil, c.refused(ctx, "GET "+path, response, err)
	}
	ws.SetReadLimit(0) // Read has its own
	ch := &Channels{ws: ws, v1: ws.Subprotocol() == subprotocol, limit: c.cfg.Limit, pingEvery: c.cfg.PingEvery}
	ch.under = underlying(ws)
	ch.mu.Lock()
	ch.pinger = time.AfterFunc(ch.pingEvery, ch.tick)
	ch.mu.Unlock()
	return ch, nil
}

// refused explains a handshake that failed.
func (c *Client) refused(ctx context.Context, name string, response *http.Response, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("%s: %w", name, cause)
	}
	if response == nil {
		return fmt.Errorf("%s: %w", name, stripURL(err))
	}
	if to, err := response.Location(); err == nil {
		return fmt.Errorf("%s: %w", name, &RedirectError{To: to.Scheme + "://" + to.Host})
	}
	body, _ := io.ReadAll(response.Body) // the first KiB, which gorilla keeps: there is nothing to close
	return gone(&StatusError{Call: name, Code: response.StatusCode, Message: message(body)})
}

// underlying finds the connection that dial made, below TLS if there is any.
func underlying(ws *websocket.Conn) *promptConn {
	nc := ws.NetConn()
	if t, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = t.NetConn()
	}
	p, _ := nc.(*promptConn)
	return p
}

// V1 reports whether the server speaks the binary subprotocol.
func (ch *Channels) V1() bool { return ch.v1 }

// Received returns the bytes that have come so far.
func (ch *Channels) Received() int64 { return ch.under.received.Load() }

// Read returns the next message and its channel, valid until the next Read.
// After a TooLargeError, with which the headers are returned, and after a
// MalformedError it can go on; after any other error it cannot.
func (ch *Channels) Read() (channel string, m wire.Message, err error) {
	if cap(ch.buf) > keepBuffer {
		ch.buf = nil
	}
	kind, r, err := ch.ws.NextReader()
	if err != nil {
		return "", m, ch.explain(err)
	}
	size, err := ch.fill(r)
	if err != nil {
		return "", m, ch.explain(err)
	}
	if size > ch.limit {
		return ch.tooLarge(size)
	}
	if ch.v1 {
		channel, m, err = decodeV1(ch.buf)
	} else {
		channel, m, err = decodeLegacy(ch.buf, kind == websocket.BinaryMessage)
	}
	if err != nil {
		return "", m, &MalformedError{err}
	}
	return channel, m, nil
}

// fill reads a message into buf, as much of it as is allowed, and returns its
// size.
func (ch *Channels) fill(r io.Reader) (int64, error) {
	b := ch.buf[:0]
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		ch.buf = b
		if errors.Is(err, io.EOF) {
			return int64(len(b)), nil
		}
		if err != nil {
			return 0, err
		}
		if int64(len(b)) > ch.limit {
			rest, err := io.Copy(io.Discard, r)
			return int64(len(b)) + rest, err
		}
	}
}

func (ch *Channels) tooLarge(size int64) (channel string, m wire.Message, err error) {
	if ch.v1 {
		channel, m, err = headV1(ch.buf)
	} else {
		m, err = headLegacy(ch.buf)
	}
	if err != nil {
		return "", m, &MalformedError{err}
	}
	return channel, m, &TooLargeError{Size: size, Limit: ch.limit}
}

// explain prefers the reason why we closed the connection.
func (ch *Channels) explain(err error) error {
	ch.mu.Lock()
	defer ch.mu.Unlock()
	if ch.cause != nil {
		return ch.cause
	}
	return fmt.Errorf("read: %w", err)
}

// Write sends a message. After an error it is not known whether the server got
// it, and the connection is of no more use.
func (ch *Channels) Write(channel string, m wire.Message) error {
	kind, b, err := ch.encode(channel, m)
	if err != nil {
		return fmt.Errorf("encode %s: %w", channel, err)
	}
	ch.writeMu.Lock()
	defer ch.writeMu.Unlock()
	_ = ch.ws.SetWriteDeadline(time.Now().Add(writeTimeout))
	if err := ch.ws.WriteMessage(kind, b); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

func (ch *Channels) encode(channel string, m wire.Message) (kind int, b []byte, err error) {
	if ch.v1 {
		return websocket.BinaryMessage, encodeV1(channel, m), nil
	}
	b, err = encodeLegacy(channel, m)
	return websocket.TextMessage, b, err
}

// Close ends the connection; a Read that waits fails.
func (ch *Channels) Close() {
	// Politely, so that the server need not wait for a timeout.
	bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	_ = ch.ws.WriteControl(websocket.CloseMessage, bye, time.Now().Add(time.Second))
	ch.drop(net.ErrClosed)
}

// drop closes the connection without a word.
func (ch *Channels) drop(cause error) {
	ch.mu.Lock()
	if ch.cause == nil {
		ch.cause = cause
	}
	ch.pinger.Stop()
	ch.mu.Unlock()
	_ = ch.ws.Close()
}

// tick looks whether anything came since the last time.
func (ch *Channels) tick() {
	ch.mu.Lock()
	received := ch.Received()
	if ch.cause != nil {
		ch.mu.Unlock()
		return
	}
	if received != ch.seen {
		ch.seen, ch.silence = received, 0
	} else {
		ch.silence++
	}
	silence := ch.silence
	ch.pinger.Reset(ch.pingEvery)
	ch.mu.Unlock()
	switch {
	case silence > maxSilence:
		ch.drop(ErrSilent)
	case silence > 0:
		_ = ch.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(ch.pingEvery))
	}
}
