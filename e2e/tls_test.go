package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// newCertificate is one for 127.0.0.1, and its key, as PEM.
func newCertificate(tb testing.TB, serial int64) (cert, key []byte) {
	tb.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(tb, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	must(tb, err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	must(tb, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
}

// serial is the number of the certificate that the daemon shows now.
func (d *daemon) serial(tb testing.TB) int64 {
	tb.Helper()
	dialer := &tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec // the question is which it is
	conn, err := dialer.DialContext(tb.Context(), "tcp4", d.addr)
	must(tb, err)
	defer conn.Close()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func TestTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	replace := func(file string, text []byte) {
		must(t, os.WriteFile(file+".new", text, 0o600))
		must(t, os.Rename(file+".new", file))
	}
	cert, key := newCertificate(t, 1)
	replace(certFile, cert)
	replace(keyFile, key)
	d := start(t, "--tls-cert", certFile, "--tls-key", keyFile)
	if !strings.HasPrefix(d.url, "https://") {
		t.Fatalf("the address is %s", d.url)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(cert)
	d.client = &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}}
	d.command(t, "echo secret").ends(t, success)
	d.watchSamples(t)

	cert, key = newCertificate(t, 2)
	replace(certFile, cert)
	if got := d.serial(t); got != 1 {
		t.Errorf("with half of a new pair the certificate is %d, want the old one, 1", got)
	}
	replace(keyFile, key)
	if got := d.serial(t); got != 2 {
		t.Errorf("the certificate is %d, want the new one, 2", got)
	}
	replace(keyFile, []byte("no key"))
	if got := d.serial(t); got != 2 {
		t.Errorf("with a broken file the certificate is %d, want the last good one, 2", got)
	}
	plain := d.dial(t)
	_, err := plain.Write([]byte("GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"))
	must(t, err)
	answer := make([]byte, 64)
	if n, _ := plain.Read(answer); !strings.HasPrefix(string(answer[:n]), "HTTP/1.0 400") {
		t.Errorf("without TLS the answer is %q", answer[:n])
	}
}

// watchSamples has samples come over whatever connection it is.
func (d *daemon) watchSamples(t *testing.T) {
	t.Helper()
	samples := d.open(t, http.MethodGet, "/metrics/watch?interval_ms=100", nil)
	defer samples.close()
	for range 3 {
		line, err := samples.line()
		for err == nil && line == "" {
			line, err = samples.line()
		}
		if err != nil || !strings.Contains(line, `"cpu_count"`) {
			t.Fatalf("%q, %v", line, err)
		}
	}
}

func TestTLS_Refused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := newCertificate(t, 1)
	_, other := newCertificate(t, 2)
	for name, text := range map[string][]byte{"cert": cert, "key": key, "other": other} {
		must(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	for _, c := range []struct {
		cert, key string
		status    int
	}{
		{"cert", "", 2}, {"", "key", 2}, {"cert", "other", 1}, {"cert", "none", 1}, {"key", "cert", 1},
	} {
		args := []string{"--port", "0"}
		if c.cert != "" {
			args = append(args, "--tls-cert", filepath.Join(dir, c.cert))
		}
		if c.key != "" {
			args = append(args, "--tls-key", filepath.Join(dir, c.key))
		}
		if _, stderr, status := execute(t, nil, args...); status != c.status || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: status %d, %q; want %d", args, status, stderr, c.status)
		}
	}
}
