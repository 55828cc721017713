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
	silent chan struct{} // closed when that has happened
	lost   int           // how often it has
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

// fallSilent has the connection that next brings cue, and all others there are by then, bring neither that nor anything
// else, and stay open: the way to their other end is lost, and nobody is told. What is returned is closed when that has
// happened.
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
	lost int // how often the way had been lost when it was made
}

// Write implements io.Writer.
func (l *lossy) Write(b []byte) (int, error) {
	if l.loses(b) {
		return len(b), nil
	}
	return l.Conn.Write(b)
}

func (l *lossy) loses(b []byte) bool {
	p := l.p
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cue != "" && l.lost == p.lost && bytes.Contains(b, []byte(p.cue)) {
		p.cue = ""
		p.lost++
		close(p.silent)
	}
	return l.lost < p.lost
}

// enter makes a connection one that can be cut, and says where it leads, and how often the way there has been lost.
func (p *plug) enter(c net.Conn) (target string, lost int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[c] = true
	return p.target, p.lost
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
	target, lost := p.enter(client)
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
		_, _ = io.Copy(&lossy{Conn: client, p: p, lost: lost}, server)
		_ = client.Close()
	})
	_, _ = io.Copy(server, client)
	_ = server.Close()
	both.Wait()
}
