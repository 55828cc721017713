package main

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// certificate is the server's, read again when its files change: those that
// issue certificates for some weeks, and Kubernetes, replace the files.
type certificate struct {
	certFile, keyFile string
	log               zerolog.Logger

	mu     sync.Mutex
	loaded *tls.Certificate
	mark   [2]fileMark
}

// fileMark is what changes when a file does.
type fileMark struct {
	modified time.Time
	size     int64
}

// newCertificate reads the files, which must be in order at the start.
func newCertificate(certFile, keyFile string, log zerolog.Logger) (*certificate, error) {
	c := &certificate{certFile: certFile, keyFile: keyFile, log: log}
	c.mark = c.look()
	if err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

// config is for HTTP/1.1: a stream needs no other, a WebSocket knows no other.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return c.current(), nil
		},
	}
}

// current looks whether the files have changed, at each handshake, which
// costs a thousand times as much. Of two files one is replaced first: until
// they fit together the old pair serves.
func (c *certificate) current() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	mark := c.look()
	if mark == c.mark {
		return c.loaded
	}
	c.mark = mark
	if err := c.load(); err != nil {
		c.log.Error().Err(err).Msg("the certificate that was there goes on")
	} else {
		c.log.Info().Str("file", c.certFile).Msg("certificate read again")
	}
	return c.loaded
}

func (c *certificate) load() error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("load certificate: %w", err)
	}
	c.loaded = &pair
	return nil
}

func (c *certificate) look() (mark [2]fileMark) {
	for i, name := range []string{c.certFile, c.keyFile} {
		if info, err := os.Stat(name); err == nil {
			mark[i] = fileMark{info.ModTime(), info.Size()}
		}
	}
	return mark
}
