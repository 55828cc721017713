package e2e_test

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// cutProxy passes connections on to execd, and cuts the first ones in the middle of what their client sends.
type cutProxy struct {
	listener net.Listener
	mu       sync.RWMutex // held by who exchanges the target; connections wait meanwhile
	target   string       // guarded by mu
	after    int64        // bytes that a connection carries before it is cut
	left     atomic.Int64
	group    sync.WaitGroup
}

func newCutProxy(tb testing.TB, target string, cuts, after int64) *cutProxy {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(tb, err)
	p := &cutProxy{listener: l, target: target, after: after}
	p.left.Store(cuts)
	p.group.Go(p.serve)
	tb.Cleanup(func() {
		_ = l.Close()
		p.group.Wait()
	})
	return p
}

func (p *cutProxy) url() string { return "http://" + p.listener.Addr().String() }

func (p *cutProxy) serve() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.group.Go(func() { p.pass(c) })
	}
}

func (p *cutProxy) pass(client net.Conn) {
	defer client.Close()
	p.mu.RLock()
	server, err := net.Dial("tcp", p.target)
	p.mu.RUnlock()
	if err != nil {
		return
	}
	defer server.Close()
	var done sync.WaitGroup
	done.Go(func() {
		_, _ = io.Copy(client, server)
		_ = client.(*net.TCPConn).CloseWrite()
	})
	n, err := io.CopyN(server, client, p.after)
	if err == nil && n == p.after {
		if p.left.Add(-1) >= 0 {
			_ = client.(*net.TCPConn).SetLinger(0) // a reset, as of a host that is gone
			_, _ = client.Close(), server.Close()
		} else {
			_, err = io.Copy(server, client)
		}
	}
	if err == nil || errors.Is(err, io.EOF) {
		_ = server.(*net.TCPConn).CloseWrite()
	}
	done.Wait()
}

// exchange has another daemon take the place of the target, which do starts.
func (p *cutProxy) exchange(do func() string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = do()
}
