//go:build linux

package httpapi

import (
	"net"
	"syscall"
	"testing"
	"time"
)

// discard is a sink that takes everything.
type discard struct{}

func (discard) Write(p []byte) (int, error)      { return len(p), nil }
func (discard) Flush() error                     { return nil }
func (discard) SetWriteDeadline(time.Time) error { return nil }

// Only bulk waits for full packets, and not beyond a flush or the end.
func TestRelay_Corks(t *testing.T) {
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	corked := func() (value int) {
		raw, err := conn.(syscall.Conn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		if cerr := raw.Control(func(fd uintptr) {
			value, err = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_CORK)
		}); cerr != nil || err != nil {
			t.Fatal(cerr, err)
		}
		return value
	}
	r := &relay{server: &Server{}, ctx: t.Context(), out: discard{}, conn: conn}
	for _, step := range []struct {
		what string
		do   func() error
		want int
	}{
		{"a short write", func() error { return r.write(make([]byte, bulk-1)) }, 0},
		{"bulk", func() error { return r.write(make([]byte, bulk)) }, 1},
		{"a short write behind it", func() error { return r.write(make([]byte, 10)) }, 1},
		{"the flush", r.flush, 0},
		{"bulk again", func() error { return r.write(make([]byte, bulk)) }, 1},
		{"the next flush", r.flush, 0},
		{"bulk at the end", func() error { return r.write(make([]byte, bulk)) }, 1},
		{"the end", func() error { r.restore(); return nil }, 0},
	} {
		if err := step.do(); err != nil || corked() != step.want {
			t.Errorf("%s: corked is %d, want %d; %v", step.what, corked(), step.want, err)
		}
	}
	r.conn = struct{}{}
	if err := r.write(make([]byte, bulk)); err != nil || r.corked {
		t.Errorf("what is no TCP connection is corked; %v", err)
	}
}
