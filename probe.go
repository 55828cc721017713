package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// probePatience is less than orchestrators wait for a probe of theirs, so that
// it is the probe which says what is wrong.
const probePatience = 5 * time.Second

// probe asks the execd that has these settings, on this machine, whether it
// serves (ping) or whether code can run too (ready). It is for images without
// a client, and for probes that cannot send the token.
func probe(cfg *config, what string) error {
	network, address, err := cfg.local()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), probePatience)
	defer cancel()
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
		TLSClientConfig: &tls.Config{
			InsecureSkipVerify: true, //nolint:gosec // names and dates are for others; it is compared with the file
			VerifyConnection:   cfg.isOwn,
		},
	}
	url := "http://localhost/" + what
	if cfg.tlsCert != "" {
		url = "https://localhost/" + what
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	if cfg.accessToken != "" {
		req.Header.Set("X-EXECD-ACCESS-TOKEN", cfg.accessToken)
	}
	answer, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		reason, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10)) // what there is of it
		return fmt.Errorf("probe: %s: %s", answer.Status, strings.TrimSpace(string(reason)))
	}
	return nil
}

// local is how the daemon is reached from here: who listens on all addresses
// does so on loopback too.
func (c *config) local() (network, address string, err error) {
	if path, ok := strings.CutPrefix(c.listen, unixPrefix); ok {
		return "unix", path, nil
	}
	network, address = c.tcp()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", "", fmt.Errorf("probe: %w", err)
	}
	switch ip := net.ParseIP(host); {
	case port == "0":
		return "", "", errors.New("probe: the port has to be known, and 0 takes any")
	case host == "" || ip != nil && ip.IsUnspecified() && network == "tcp4":
		host = "127.0.0.1"
	case ip != nil && ip.IsUnspecified():
		host = "::1"
	}
	return network, net.JoinHostPort(host, port), nil
}

// isOwn takes the certificate that is in the daemon's file, and no other: the
// token goes to nobody else.
func (c *config) isOwn(state tls.ConnectionState) error {
	text, err := os.ReadFile(c.tlsCert)
	if err != nil {
		return fmt.Errorf("read certificate: %w", err)
	}
	own, _ := pem.Decode(text)
	if own == nil || !bytes.Equal(state.PeerCertificates[0].Raw, own.Bytes) {
		return errors.New("another certificate than that of --tls-cert")
	}
	return nil
}
