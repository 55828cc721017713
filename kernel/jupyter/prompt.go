package jupyter

import (
	"net"
	"sync/atomic"
	"syscall"
)

// promptConn acknowledges what it reads at once. Jupyter Server leaves Nagle's
// algorithm on for WebSockets, so the second of two small messages waits for
// the acknowledgement of the first, which the receiver's TCP delays by 40 ms
// (RFC 1122, section 4.2.3.2): 48 ms for a cell that takes 8.
type promptConn struct {
	net.Conn
	raw      syscall.RawConn // nil where there is none
	received atomic.Int64
}

func newPromptConn(nc net.Conn) *promptConn {
	p := &promptConn{Conn: nc}
	if sc, ok := nc.(syscall.Conn); ok {
		p.raw, _ = sc.SyscallConn()
	}
	p.hurry()
	return p
}

// Read implements net.Conn. The option is not permanent (tcp(7), TCP_QUICKACK),
// so it is set again after each read.
func (p *promptConn) Read(b []byte) (int, error) {
	n, err := p.Conn.Read(b)
	p.received.Add(int64(n))
	if n > 0 {
		p.hurry()
	}
	return n, err
}

// hurry may fail on what is no TCP connection; it is slower then, not wrong.
func (p *promptConn) hurry() {
	if p.raw != nil {
		_ = p.raw.Control(quickAck)
	}
}
