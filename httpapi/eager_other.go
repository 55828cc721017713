//go:build !linux

package httpapi

import "net"

// eagerListener is of connections that are eager in a sprint; here it has none.
type eagerListener struct {
	net.Listener
	*sprint
}
