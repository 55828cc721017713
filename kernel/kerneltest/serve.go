package kerneltest

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"strconv"
	"time"

	"execd/kernel/wire"
	"execd/kernel/zmtp"
)

// connection is a connection file.
type connection struct {
	Transport string `json:"transport"`
	IP        string `json:"ip"`
	Shell     int    `json:"shell_port"`
	Iopub     int    `json:"iopub_port"`
	Stdin     int    `json:"stdin_port"`
	Control   int    `json:"control_port"`
	Key       string `json:"key"`
}

func (c *connection) endpoint(port int) (network, address string) {
	if c.Transport == "ipc" {
		return "unix", c.IP + "-" + strconv.Itoa(port)
	}
	return "tcp", net.JoinHostPort(c.IP, strconv.Itoa(port))
}

// request is a message that came in on shell, and where to answer.
type request struct {
	wire.Message
	from *zmtp.Conn
}

// subscriber is a peer on iopub that has sent a subscription.
type subscriber struct{ *zmtp.Conn }

func (p *Process) listen() error {
	b, err := os.ReadFile(p.Spec.Argv[1])
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, &p.conn); err != nil {
		return err
	}
	for _, ch := range []struct {
		port  int
		kind  zmtp.SocketType
		serve func(*zmtp.Conn)
	}{
		{p.conn.Shell, zmtp.Router, p.serveShell},
		{p.conn.Stdin, zmtp.Router, p.serveStdin},
		{p.conn.Control, zmtp.Router, p.serveControl},
		{p.conn.Iopub, zmtp.Pub, p.serveIopub},
	} {
		l, err := net.Listen(p.conn.endpoint(ch.port))
		if err != nil {
			return err
		}
		if !p.onExit(func() { _ = l.Close() }) {
			return l.Close()
		}
		go p.accept(l, ch.kind, ch.serve)
	}
	return nil
}

// forever is how long a kernel waits for who does not read: ZeroMQ gives
// nobody up.
const forever = 24 * time.Hour

func (p *Process) accept(l net.Listener, kind zmtp.SocketType, serve func(*zmtp.Conn)) {
	for {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		if !p.onExit(func() { _ = nc.Close() }) {
			_ = nc.Close()
			return
		}
		go func() {
			c, err := zmtp.New(context.Background(), nc, zmtp.Options{Type: kind, Write: forever})
			if err == nil {
				serve(c)
				_ = c.Close()
			}
		}()
	}
}

// each calls f with every message that comes in on c.
func (p *Process) each(c *zmtp.Conn, f func(wire.Message)) {
	codec := wire.NewCodec(p.conn.Key)
	for {
		frames, err := c.ReadMessage()
		if err != nil {
			return
		}
		for i := range frames {
			frames[i] = append([]byte(nil), frames[i]...)
		}
		if m, err := codec.Decode(frames); err == nil {
			f(m)
		}
	}
}

func (p *Process) serveShell(c *zmtp.Conn) {
	p.each(c, func(m wire.Message) {
		select {
		case p.requests <- request{m, c}:
		case <-p.done:
		}
	})
}

func (p *Process) serveStdin(c *zmtp.Conn) {
	p.mu.Lock()
	p.askers = append(p.askers, c)
	if len(p.askers) == 1 {
		close(p.asked)
	}
	p.mu.Unlock()
	p.each(c, func(m wire.Message) {
		var content struct{ Value string }
		if m.Type != "input_reply" || json.Unmarshal(m.Content, &content) != nil {
			return
		}
		select {
		case p.inputs <- content.Value:
		case <-p.done:
		}
	})
}

func (p *Process) serveControl(c *zmtp.Conn) {
	p.each(c, func(m wire.Message) {
		if p.fake.Deaf {
			return
		}
		switch r := (request{m, c}); m.Type {
		case "interrupt_request":
			p.poke()
			p.answer(r, "interrupt_reply", map[string]any{"status": "ok"})
		case "shutdown_request":
			p.answer(r, "shutdown_reply", map[string]any{"status": "ok", "restart": false})
			if !p.fake.Stubborn {
				p.Exit("exit status 0")
			}
		}
	})
}

func (p *Process) serveIopub(c *zmtp.Conn) {
	for {
		frames, err := c.ReadMessage()
		if err != nil {
			return
		}
		if len(frames) == 1 && len(frames[0]) > 0 && frames[0][0] == 1 {
			p.mu.Lock()
			p.subs = append(p.subs, &subscriber{c})
			p.mu.Unlock()
		}
	}
}

// work does the requests of shell in their order.
func (p *Process) work() {
	for n := 0; ; {
		select {
		case <-p.done:
			return
		case r := <-p.requests:
			switch r.Type {
			case "kernel_info_request":
				p.info(r)
			case "execute_request":
				n = p.execute(r, n)
			}
		}
	}
}

func (p *Process) info(r request) {
	if f := p.fake.Silent; f != nil {
		f()
		return
	}
	p.publish(r.Header, "status", map[string]any{"execution_state": "busy"})
	p.answer(r, "kernel_info_reply", map[string]any{"status": "ok", "protocol_version": wire.Version})
	p.publish(r.Header, "status", map[string]any{"execution_state": "idle"})
}

// execute runs a cell behind n others, and returns how many there are then: one
// that is silent does not count.
func (p *Process) execute(r request, n int) int {
	var content struct {
		Code   string
		Silent bool
	}
	_ = json.Unmarshal(r.Content, &content)
	if !content.Silent {
		n++
	}
	c := &Cell{Process: p, request: r, Code: content.Code, Count: n}
	if f := p.fake.Execute; f != nil {
		f(c)
	} else {
		c.Run()
	}
	return n
}

// header returns a header of our own.
func header(kind string) []byte {
	return wire.Header("fake", "fake_"+strconv.FormatInt(time.Now().UnixNano(), 10), kind, time.Now())
}

// answer sends a reply to where a request came from.
func (p *Process) answer(r request, kind string, content any) {
	b, _ := json.Marshal(content)
	m := wire.Message{Header: header(kind), Parent: r.Header, Content: b}
	_ = r.from.WriteMessage(wire.NewCodec(p.conn.Key).Encode(m)...)
}

// publish sends to all subscribers, in the order of the calls.
func (p *Process) publish(parent []byte, kind string, content any) {
	b, _ := json.Marshal(content)
	p.publishRaw(p.conn.Key, wire.Message{Type: kind, Parent: parent, Content: b})
}

func (p *Process) publishRaw(key string, m wire.Message) {
	m.Identities, m.Header = [][]byte{[]byte(m.Type)}, header(m.Type)
	p.mu.Lock()
	subs := append([]*subscriber(nil), p.subs...)
	p.mu.Unlock()
	for _, s := range subs {
		_ = s.WriteMessage(wire.NewCodec(key).Encode(m)...)
	}
}
