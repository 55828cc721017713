//go:build !unix

package main

import "net"

// listenUnix listens on a socket. Windows has no modes for it: the directory
// says who may connect.
func listenUnix(path string) (net.Listener, error) {
	return net.Listen("unix", path) //nolint:wrapcheck // the caller says where
}
