package kernel_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"execd/kernel"
)

// proxy is the network between execd and a server: it can cut and be down.
type proxy struct {
	listener net.Listener
	to       string

	mu    sync.Mutex
	conns []net.Conn
	down  bool
	wg    sync.WaitGroup
}

func newProxy(t *testing.T, port int) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, to: "127.0.0.1:" + strconv.Itoa(port)}
	p.wg.Go(p.serve)
	t.Cleanup(func() {
		_ = l.Close()
		p.cut()
		p.wg.Wait()
	})
	return p
}

func (p *proxy) url() string { return "http://" + p.listener.Addr().String() + "/user/me" }

func (p *proxy) serve() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		up, err := net.Dial("tcp", p.to)
		if err != nil {
			_ = c.Close()
			continue
		}
		p.mu.Lock()
		down := p.down
		p.conns = append(p.conns, c, up)
		p.mu.Unlock()
		if down {
			_, _ = c.Close(), up.Close()
			continue
		}
		p.wg.Go(func() { p.pump(c, up) })
		p.wg.Go(func() { p.pump(up, c) })
	}
}

func (p *proxy) pump(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_, _ = to.Close(), from.Close()
}

// cut breaks all connections there are, as a reset.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = c.Close()
	}
	p.conns = nil
}

func (p *proxy) setDown(down bool) {
	p.mu.Lock()
	p.down = down
	p.mu.Unlock()
	if down {
		p.cut()
	}
}

// gate is a file for which a cell waits, and one that it writes at its end.
type gate struct{ open, done string }

func newGate(t *testing.T) gate {
	t.Helper()
	dir := t.TempDir()
	return gate{filepath.Join(dir, "open"), filepath.Join(dir, "done")}
}

// code waits between the two.
func (g gate) code(last string) string {
	return fmt.Sprintf("import os, time\nprint('before', flush=True)\nwhile not os.path.exists(%q): time.sleep(.01)\n"+
		"print('after', flush=True)\nos.close(os.open(%q, os.O_CREAT))\n%s", g.open, g.done, last)
}

func (g gate) release(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(g.open, nil, 0o644); err != nil {
		t.Fatal(err)
	}
}

// await waits for the end of the cell.
func (g gate) await(t *testing.T) {
	t.Helper()
	for limit := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(g.done); err == nil {
			return
		}
		if time.Now().After(limit) {
			t.Fatal("the cell did not end")
		}
	}
}

// behindProxy starts a proxy before the server and a kernel through it.
func behindProxy(t *testing.T, j *jupyterServer, cfg kernel.ServerConfig) (kernel.Kernel, *proxy) {
	t.Helper()
	p := newProxy(t, j.port)
	cfg.URL = p.url()
	return start(t, newServer(t, cfg), kernel.StartSpec{Language: "python"}), p
}

// serverCut: what runs when the connection is cut ends as it would have.
func serverCut(t *testing.T, j *jupyterServer) {
	t.Helper()
	k, p := behindProxy(t, j, kernel.ServerConfig{OutageGrace: patience})
	g := newGate(t)
	r := begin(t, k, g.code("1/0"))
	r.await(t, kernel.KindStream)
	queued := begin(t, k, "2") // emptied out of the queue by the error, if it gets there before the cut
	p.cut()
	r.await(t, kernel.KindDropped)
	g.release(t)
	result := r.wait(t)
	if result.Status != kernel.StatusError || result.EName != "ZeroDivisionError" || result.Err != nil {
		t.Errorf("%+v", result)
	}
	// A server loses what comes in the moment in which it takes the connection back, which is why a loss was announced.
	if got := r.text("stdout"); got != "before\nafter\n" && got != "before\n" {
		t.Errorf("stdout %q", got)
	}
	if result := queued.wait(t); result.Status != kernel.StatusAborted && !errors.Is(result.Err, kernel.ErrLost) {
		t.Errorf("queued: %+v", result)
	}
	if got := value(t, k, "6*7"); got != "42" {
		t.Errorf("afterwards: %s", got)
	}
}

// TestServer_Buffered: a cell that ends while there is no connection is heard
// of when it is back.
func TestServer_Buffered(t *testing.T) {
	for _, f := range []flavor{server2, server1} {
		t.Run(f.name, func(t *testing.T) {
			k, p := behindProxy(t, newJupyter(t, f), kernel.ServerConfig{OutageGrace: patience})
			g := newGate(t)
			r := begin(t, k, g.code("6*7"))
			r.await(t, kernel.KindStream)
			p.setDown(true)
			g.release(t)
			g.await(t)
			p.setDown(false)
			if result := r.wait(t); result.Status != kernel.StatusOK || r.text("stdout") != "before\nafter\n" {
				t.Errorf("%+v, %q", result, r.text("stdout"))
			}
		})
	}
}

// TestServer_ReplyLost: the server keeps nothing for the disconnected, and the
// cell ends meanwhile. Nobody knows how.
func TestServer_ReplyLost(t *testing.T) {
	forgetful := server2.with("no buffers", "--MappingKernelManager.buffer_offline_messages=False")
	k, p := behindProxy(t, newJupyter(t, forgetful), kernel.ServerConfig{OutageGrace: patience, Grace: short})
	g := newGate(t)
	r := begin(t, k, g.code("x = 42"))
	r.await(t, kernel.KindStream)
	p.setDown(true)
	g.release(t)
	g.await(t)
	p.setDown(false)
	if result := r.wait(t); result.Status != kernel.StatusError || !errors.Is(result.Err, kernel.ErrLost) {
		t.Errorf("%+v", result)
	}
	if got := value(t, k, "x"); got != "42" {
		t.Errorf("x is %s", got)
	}
}

// TestServer_Down: without a server a run ends soon and says what is known,
// and what was not run then is not run later. The kernel outlives it.
func TestServer_Down(t *testing.T) {
	k, p := behindProxy(t, newJupyter(t, server2), kernel.ServerConfig{ReconnectTimeout: 2 * patience})
	g := newGate(t)
	r := begin(t, k, "y = 1\n"+g.code("x = 42"))
	r.await(t, kernel.KindStream)
	p.setDown(true)
	if result := r.wait(t); result.Status != kernel.StatusError || !errors.Is(result.Err, kernel.ErrLost) {
		t.Errorf("in the run: %+v", result)
	}
	if _, result := execute(t, k, "y = 2"); result.Status != kernel.StatusError || !errors.Is(result.Err, kernel.ErrUnreachable) {
		t.Errorf("without a server: %+v", result)
	}
	if err := k.Interrupt(deadline(t)); err == nil {
		t.Error("interrupted without a server")
	}
	g.release(t)
	g.await(t)
	p.setDown(false)
	if got := valueSoon(t, k, "x, y"); got != "(42, 1)" {
		t.Errorf("x, y are %s", got)
	}
}

// valueSoon is value once there is a connection again.
func valueSoon(t *testing.T, k kernel.Kernel, expression string) string {
	t.Helper()
	for limit := time.Now().Add(patience); time.Now().Before(limit); {
		r, result := execute(t, k, expression)
		if errors.Is(result.Err, kernel.ErrUnreachable) {
			continue
		}
		if list := r.only(kernel.KindResult); len(list) == 1 {
			return list[0].Data["text/plain"]
		}
		t.Fatalf("%q: %+v", expression, result)
	}
	t.Fatal("no connection")
	return ""
}

// TestServer_GivenUp: nobody waits for ever for a kernel without a connection.
func TestServer_GivenUp(t *testing.T) {
	k, p := behindProxy(t, newJupyter(t, server2), kernel.ServerConfig{ReconnectTimeout: short, OutageGrace: short})
	p.setDown(true)
	<-k.Done()
	if err := k.Err(); !errors.Is(err, kernel.ErrDead) {
		t.Errorf("%v", err)
	}
	p.setDown(false) // for the end of the test
}
