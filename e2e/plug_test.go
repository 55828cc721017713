package e2e_test

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
)

// plug is an address that stays while what is behind it comes and goes, and whose connections can be cut all at once.
type plug struct {
	listener net.Listener
	group    sync.WaitGroup

	mu     sync.Mutex
	target string // "" refuses
	open   map[net.Conn]bool
	cue    string        // see fallSilent
	silent chan struct{} // closed when a connection is
}

func newPlug(tb testing.TB, target string) *plug {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(tb, err)
	p := &plug{listener: l, target: target, open: map[net.Conn]bool{}}
	p.group.Go(p.serve)
	tb.Cleanup(func() {
		_ = l.Close()
		p.turn("")
		p.group.Wait()
	})
	return p
}

func (p *plug) url() string { return "http://" + p.listener.Addr().String() }

// turn leads to another target from now on, and cuts what there is.
func (p *plug) turn(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
	for c := range p.open {
		_ = c.(*net.TCPConn).SetLinger(0) // a reset, as of a host that is gone
		_ = c.Close()
	}
}

// fallSilent has the connection that next brings cue bring neither that nor anything else, and stay open: the way to its
// other end is lost, and nobody is told. What is returned is closed when that has happened.
func (p *plug) fallSilent(cue string) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cue, p.silent = cue, make(chan struct{})
	return p.silent
}

// lossy is what a connection brings its client.
type lossy struct {
	net.Conn
	p    *plug
	lost bool
}

// Write implements io.Writer.
func (l *lossy) Write(b []byte) (int, error) {
	if !l.lost {
		l.p.mu.Lock()
		if l.p.cue != "" && bytes.Contains(b, []byte(l.p.cue)) {
			l.lost, l.p.cue = true, ""
			close(l.p.silent)
		}
		l.p.mu.Unlock()
	}
	if l.lost {
		return len(b), nil
	}
	return l.Conn.Write(b)
}

// enter makes a connection one that can be cut, and says where it leads.
func (p *plug) enter(c net.Conn) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[c] = true
	return p.target
}

func (p *plug) leave(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
	_ = c.Close()
}

func (p *plug) serve() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.group.Go(func() { p.pass(c) })
	}
}

func (p *plug) pass(client net.Conn) {
	defer p.leave(client)
	target := p.enter(client)
	if target == "" {
		return
	}
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer server.Close()
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(&lossy{Conn: client, p: p}, server)
		_ = client.Close()
	})
	_, _ = io.Copy(server, client)
	_ = server.Close()
	both.Wait()
}
