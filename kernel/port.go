package kernel

import (
	"fmt"
	"net"
	"sync"
)

// portBook has the ports of the kernels that start or run, so that no two that
// start at once are told the same. The zero value is usable, from any goroutine.
type portBook struct {
	mu    sync.Mutex
	taken map[int]bool
}

// take finds free ports: it binds all and releases all, so that no two are the
// same, and holds on to those of other kernels meanwhile. Somebody else may
// take one before the kernel does; Start tries once more then.
func (b *portBook) take() (ports [channels]int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var held []net.Listener
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	for i := 0; i < len(ports); {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return ports, fmt.Errorf("find port: %w", err)
		}
		held = append(held, l)
		if port := l.Addr().(*net.TCPAddr).Port; !b.taken[port] { //nolint:forcetypeassert // it is one of TCP
			ports[i] = port
			i++
		}
	}
	if b.taken == nil {
		b.taken = make(map[int]bool)
	}
	for _, port := range ports {
		b.taken[port] = true
	}
	return ports, nil
}

func (b *portBook) release(ports [channels]int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, port := range ports {
		delete(b.taken, port)
	}
}
