package zmtp_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"execd/kernel/zmtp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pair returns the two ends of a connected socket.
func pair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	client, err = net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = client.Close(), server.Close() })
	return client, server
}

// connected returns two connections that have shaken hands.
func connected(t *testing.T, client, server zmtp.Options) (*zmtp.Conn, *zmtp.Conn) {
	t.Helper()
	a, b := pair(t)
	type result struct {
		c   *zmtp.Conn
		err error
	}
	other := make(chan result, 1)
	go func() {
		c, err := zmtp.New(context.Background(), b, server)
		other <- result{c, err}
	}()
	c, err := zmtp.New(context.Background(), a, client)
	s := <-other
	if err != nil || s.err != nil {
		t.Fatalf("%v, %v", err, s.err)
	}
	return c, s.c
}

func TestConn_Message(t *testing.T) {
	c, s := connected(t, zmtp.Options{Type: zmtp.Dealer, Identity: []byte("me")}, zmtp.Options{Type: zmtp.Router})
	if string(s.PeerIdentity()) != "me" {
		t.Errorf("identity %q", s.PeerIdentity())
	}
	sizes := []int{0, 1, 255, 256, 3000, 5000, 100_000, 0}
	var want [][]byte
	for i, n := range sizes {
		want = append(want, bytes.Repeat([]byte{byte('a' + i)}, n))
	}
	var wg sync.WaitGroup
	for range 4 { // writers do not mix their frames
		wg.Go(func() {
			for range 20 {
				if err := c.WriteMessage(want...); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 80 {
		got, err := s.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(bytes.Join(got, []byte("|")), bytes.Join(want, []byte("|"))) {
			t.Fatalf("%d frames differ", len(got))
		}
	}
	wg.Wait()
	_ = c.Close()
	if _, err := s.ReadMessage(); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
}

func TestConn_Subscribe(t *testing.T) {
	c, s := connected(t, zmtp.Options{Type: zmtp.Sub}, zmtp.Options{Type: zmtp.Pub})
	if err := c.Subscribe("topic"); err != nil {
		t.Fatal(err)
	}
	if got, err := s.ReadMessage(); err != nil || len(got) != 1 || string(got[0]) != "\x01topic" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestConn_TooLarge: a message over the limit is skipped, and counts while it
// comes; the ones around it are read.
func TestConn_TooLarge(t *testing.T) {
	c, s := connected(t, zmtp.Options{Type: zmtp.Dealer}, zmtp.Options{Type: zmtp.Router, Frame: 1000})
	go func() {
		_ = c.WriteMessage([]byte("head"), make([]byte, 200_000), []byte("tail"))
		_ = c.WriteMessage([]byte("a"), make([]byte, 999))
		many := make([][]byte, 1025)
		_ = c.WriteMessage(many...)
		_ = c.WriteMessage([]byte("last"))
	}()
	got, err := s.ReadMessage()
	var large *zmtp.TooLargeError
	if !errors.As(err, &large) || large.Size != 200_008 || large.Limit != 1000 || len(got) != 1 || string(got[0]) != "head" {
		t.Errorf("%d frames, %v", len(got), err)
	}
	if s.Received() < 200_000 {
		t.Errorf("received %d", s.Received())
	}
	if got, err := s.ReadMessage(); err != nil || len(got) != 2 {
		t.Errorf("at the limit: %d frames, %v", len(got), err)
	}
	if got, err := s.ReadMessage(); !errors.As(err, &large) || len(got) != 1024 {
		t.Errorf("too many frames: %d, %v", len(got), err)
	}
	if got, err := s.ReadMessage(); err != nil || string(got[0]) != "last" {
		t.Errorf("%q, %v", got, err)
	}
}

// greeting is one of RFC 23.
func greeting(version byte, mechanism string) string {
	b := make([]byte, 64)
	b[0], b[9], b[10] = 0xff, 0x7f, version
	copy(b[12:], mechanism)
	return string(b)
}

func command(body string) string { return "\x04" + string([]byte{byte(len(body))}) + body }

func property(name, value string) string {
	return string([]byte{byte(len(name))}) + name + string(binary.BigEndian.AppendUint32(nil, uint32(len(value)))) + value
}

// TestConn_Ping: a PING is answered with its context, in the middle of a
// message too.
func TestConn_Ping(t *testing.T) {
	a, b := pair(t)
	done := make(chan error, 1)
	go func() {
		c, err := zmtp.New(context.Background(), a, zmtp.Options{Type: zmtp.Sub})
		if err == nil {
			_, err = c.ReadMessage()
		}
		done <- err
	}()
	ready := command("\x05READY" + property("Socket-Type", "PUB"))
	if _, err := io.WriteString(b, greeting(3, "NULL")+ready+"\x01\x01a"+command("\x04PING\x00\x64context")+"\x00\x01b"); err != nil {
		t.Fatal(err)
	}
	want := greeting(3, "NULL") + command("\x05READY"+property("Socket-Type", "SUB")) + command("\x04PONGcontext")
	got := make([]byte, len(want))
	if _, err := io.ReadFull(b, got); err != nil || string(got) != want {
		t.Errorf("%q, want %q (%v)", got, want, err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestNew_Refuses(t *testing.T) {
	router := command("\x05READY" + property("Socket-Type", "ROUTER"))
	for name, test := range map[string]struct{ peer, want string }{
		"another protocol": {"HTTP/1.1 400 Bad Request\r\n\r\n", "greeting"},
		"version 2":        {greeting(1, "")[:11], "version 1"},
		"security":         {greeting(3, "CURVE") + router, `mechanism "CURVE"`},
		"type":             {greeting(3, "NULL") + command("\x05READY"+property("Socket-Type", "PUB")), `DEALER cannot talk to "PUB"`},
		"no type":          {greeting(3, "NULL") + command("\x05READY"), `DEALER cannot talk to ""`},
		"error":            {greeting(3, "NULL") + command("\x05ERROR\x04busy"), `peer refused: "busy"`},
		"message":          {greeting(3, "NULL") + "\x00\x01a", "message before READY"},
		"huge command":     {greeting(3, "NULL") + "\x06\x00\x00\x00\x00\x7f\x00\x00\x00", "command of"},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t)
			if _, err := io.WriteString(b, test.peer); err != nil {
				t.Fatal(err)
			}
			_, err := zmtp.New(context.Background(), a, zmtp.Options{Type: zmtp.Dealer})
			if !errors.Is(err, zmtp.ErrProtocol) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

// TestNew_Silent: a peer that says nothing is not waited for beyond the context.
func TestNew_Silent(t *testing.T) {
	a, _ := pair(t)
	ctx, cancel := context.WithCancelCause(context.Background())
	gone := errors.New("no time")
	time.AfterFunc(time.Millisecond, func() { cancel(gone) })
	if _, err := zmtp.New(ctx, a, zmtp.Options{Type: zmtp.Dealer}); !errors.Is(err, gone) {
		t.Errorf("%v", err)
	}
}

// TestConn_Cut: an end in the middle of a frame is no clean one.
func TestConn_Cut(t *testing.T) {
	a, b := pair(t)
	if _, err := io.WriteString(b, greeting(3, "NULL")+command("\x05READY"+property("Socket-Type", "PUB"))+"\x01\x05ab"); err != nil {
		t.Fatal(err)
	}
	c, err := zmtp.New(context.Background(), a, zmtp.Options{Type: zmtp.Sub})
	if err != nil {
		t.Fatal(err)
	}
	_ = b.Close()
	if _, err := c.ReadMessage(); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("cut in the middle of a frame: %v", err)
	}
}
