package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// unixPrefix begins the address of a socket in the file system.
const unixPrefix = "unix:"

// listen opens the socket, behind TLS if there is a certificate.
func (d *daemon) listen() error {
	cfg := d.config
	var config *tls.Config
	if cfg.tlsCert != "" {
		c, err := newCertificate(cfg.tlsCert, cfg.tlsKey, d.log)
		if err != nil {
			return err
		}
		config = c.config()
	}
	l, err := openSocket(cfg)
	if err != nil {
		return err
	}
	d.listener = l
	if config != nil {
		d.listener = tls.NewListener(l, config)
	}
	return nil
}

func openSocket(cfg *config) (net.Listener, error) {
	if path, ok := strings.CutPrefix(cfg.listen, unixPrefix); ok {
		l, err := listenUnix(path)
		if err != nil {
			return nil, fmt.Errorf("listen on %s: %w", path, err)
		}
		return l, nil
	}
	l, err := net.Listen(cfg.tcp())
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return l, nil
}

// tcp is the address to listen on: of IPv4, unless the host is one of IPv6.
func (c *config) tcp() (network, address string) {
	address = c.listen
	if address == "" {
		address = net.JoinHostPort(c.host, strconv.Itoa(c.port))
	}
	if strings.Count(address, ":") > 1 {
		return "tcp6", address
	}
	return "tcp4", address
}

// address is where the daemon listens, as a URL where there is one.
func (d *daemon) address() string {
	addr := d.listener.Addr()
	if addr.Network() == "unix" {
		return unixPrefix + addr.String()
	}
	if d.config.tlsCert != "" {
		return "https://" + addr.String()
	}
	return "http://" + addr.String()
}

// exposed reports whether others than this machine's users reach the daemon.
func (d *daemon) exposed() bool {
	addr, ok := d.listener.Addr().(*net.TCPAddr)
	return ok && !addr.IP.IsLoopback()
}
