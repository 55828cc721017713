package zmtp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// script is a net.Conn whose peer has said everything beforehand.
type script struct {
	net.Conn
	in  *bytes.Reader
	out bytes.Buffer
}

func (s *script) Read(p []byte) (int, error)       { return s.in.Read(p) }
func (s *script) Write(p []byte) (int, error)      { return s.out.Write(p) }
func (s *script) SetDeadline(time.Time) error      { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }
func (s *script) Close() error                     { return nil }

// ended reports whether an error says that the input was cut, or is no ZMTP.
func ended(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, ErrProtocol)
}

// FuzzHandshake: whatever a peer says, the handshake ends, with an error that
// tells why or with a peer that may be talked to.
func FuzzHandshake(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, kind := range []SocketType{Dealer, Sub} {
			s := &script{in: bytes.NewReader(b)}
			c, err := New(context.Background(), s, Options{Type: kind, Identity: []byte("me")})
			switch {
			case err != nil && !ended(err):
				t.Fatalf("%s: %v", kind, err)
			case err == nil && (b[0] != 0xff || b[versionAt] < 3 || !bytes.Contains(b, []byte("READY"))):
				t.Fatalf("%s: shook hands over %q", kind, b)
			case err == nil && c.Received() > int64(len(b)):
				t.Fatalf("%s: received %d of %d bytes", kind, c.Received(), len(b))
			}
		}
	})
}

// FuzzReadMessage: whatever comes after the handshake is read as messages
// within the limits. Those are the same when they are written and read again.
func FuzzReadMessage(f *testing.F) {
	const limit = 4096
	f.Fuzz(func(t *testing.T, b []byte) {
		c := scripted(b, limit)
		for {
			frames, err := c.ReadMessage()
			var large *TooLargeError
			if err != nil && !errors.As(err, &large) {
				if !ended(err) {
					t.Fatal(err)
				}
				return
			}
			var size int
			for _, frame := range frames {
				size += len(frame)
			}
			if size > limit || len(frames) > maxFrames {
				t.Fatalf("%d frames of %d bytes", len(frames), size)
			}
			if large == nil {
				rewrite(t, frames)
			}
		}
	})
}

// scripted is a connection that has shaken hands already.
func scripted(b []byte, limit int64) *Conn {
	c := &Conn{counted: &counted{Conn: &script{in: bytes.NewReader(b)}}, limit: limit}
	c.r = bufio.NewReaderSize(c.counted, readBuffer)
	return c
}

func rewrite(t *testing.T, frames [][]byte) {
	t.Helper()
	w := scripted(nil, DefaultFrame)
	if err := w.WriteMessage(frames...); err != nil {
		t.Fatal(err)
	}
	again, err := scripted(w.counted.Conn.(*script).out.Bytes(), DefaultFrame).ReadMessage()
	if err != nil || len(again) != len(frames) {
		t.Fatalf("%q became %q, %v", frames, again, err)
	}
	for i := range frames {
		if !bytes.Equal(frames[i], again[i]) {
			t.Fatalf("frame %q became %q", frames[i], again[i])
		}
	}
}
