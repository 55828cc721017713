//go:build linux

package httpapi

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// eagerPair is both ends of a connection, the first of which is eager in a
// sprint.
func eagerPair(t *testing.T, p *sprint) (*eager, *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // nothing is lost
	client, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	server, err := eagerListener{l, p}.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server.(*eager), client.(*net.TCPConn) //nolint:forcetypeassert // or it fails
}

// An eager connection reads what any other does: all there is, its end, and
// what is wrong.
func TestEager_Reads(t *testing.T) {
	for _, on := range []bool{false, true} {
		var p sprint
		p.on.Store(on)
		c, client := eagerPair(t, &p)
		c.soon = true
		want := strings.Repeat("some text, ", 100_000)
		go func() {
			for rest := want; rest != ""; {
				n := min(len(rest), 60_000)
				_, _ = client.Write([]byte(rest[:n]))
				rest = rest[n:]
				time.Sleep(time.Millisecond / 4) // so that it sleeps, sometimes
			}
			_ = client.CloseWrite()
		}()
		got, err := io.ReadAll(c)
		if err != nil || string(got) != want {
			t.Errorf("sprint %v: %d of %d bytes, %v", on, len(got), len(want), err)
		}
		if n, err := c.Read(make([]byte, 10)); n != 0 || err != io.EOF { //nolint:errorlint // as net/http compares it
			t.Errorf("sprint %v: %d, %v behind the end", on, n, err)
		}
	}
}

func TestEager_Fails(t *testing.T) {
	var p sprint
	p.on.Store(true)
	c, client := eagerPair(t, &p)
	c.soon = true
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	if _, err := c.Read(make([]byte, 10)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("deadline: %v", err)
	}
	_ = c.SetReadDeadline(time.Time{})
	_ = client.SetLinger(0)
	_ = client.Close()
	var op *net.OpError
	if _, err := c.Read(make([]byte, 10)); !errors.Is(err, syscall.ECONNRESET) || !errors.As(err, &op) {
		t.Errorf("reset: %v", err)
	}
	_ = c.Close()
	if _, err := c.Read(make([]byte, 10)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// Who comes back at once is looked for, and who does not is not.
func TestEager_LearnsWhoIsSoon(t *testing.T) {
	var p sprint
	p.on.Store(true)
	c, client := eagerPair(t, &p)
	c.soon = true
	go func() {
		time.Sleep(10 * time.Millisecond)
		_, _ = client.Write([]byte("late"))
	}()
	if _, err := c.Read(make([]byte, 10)); err != nil || c.soon {
		t.Errorf("%v, soon %v", err, c.soon)
	}
	if _, err := client.Write([]byte("there already")); err != nil {
		t.Fatal(err)
	}
	for late := time.Now().Add(10 * time.Second); !c.soon && time.Now().Before(late); { // a machine that is busy makes it late
		if _, err := c.Read(make([]byte, 1<<10)); err != nil {
			t.Fatal(err)
		}
		_, _ = client.Write([]byte("again"))
	}
	if !c.soon {
		t.Error("it is never soon")
	}
}
