package e2e_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// probes checks what execd --probe says of another execd.
func probes(tb testing.TB, want int, reason string, env []string, args ...string) {
	tb.Helper()
	for _, what := range []string{"ping", "ready"} {
		stdout, stderr, status := execute(tb, env, append(args, "--probe", what)...)
		if status != want || stdout != "" || !strings.Contains(stderr, reason) || want == 0 && stderr != "" {
			tb.Errorf("%q --probe %s: status %d, %q, %q", args, what, status, stdout, stderr)
		}
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	token := filepath.Join(dir, "token")
	must(t, os.WriteFile(token, []byte(accessToken), 0o600))
	d := start(t, "--access-token-file", token)
	d.token = accessToken
	_, port, err := net.SplitHostPort(d.addr)
	must(t, err)
	probes(t, 0, "", nil, "--port", port, "--access-token-file", token)
	probes(t, 0, "", []string{"EXECD_PORT=" + port, "EXECD_ACCESS_TOKEN=" + accessToken})
	probes(t, 0, "", nil, "--listen", "127.0.0.1:"+port, "--access-token", accessToken)
	probes(t, 1, "401", nil, "--port", port)
	d.stop(t)
	probes(t, 1, "refused", nil, "--port", port, "--access-token", accessToken)
	probes(t, 1, "the port has to be known", nil, "--port", "0")
	probes(t, 2, "nothing", nil, "--probe", "nothing")
}

func TestProbe_Socket(t *testing.T) {
	t.Parallel()
	path := socketPath(t)
	startOn(t, path)
	probes(t, 0, "", nil, "--listen", "unix:"+path)
}

// The token goes to nobody who has not the certificate of the settings.
func TestProbe_TLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := func(name string, serial int64) (cert, key string) {
		c, k := newCertificate(t, serial)
		cert, key = filepath.Join(dir, name+".cert"), filepath.Join(dir, name+".key")
		must(t, os.WriteFile(cert, c, 0o600))
		must(t, os.WriteFile(key, k, 0o600))
		return cert, key
	}
	cert, key := files("own", 1)
	otherCert, otherKey := files("other", 2)
	d := start(t, "--tls-cert", cert, "--tls-key", key)
	probes(t, 0, "", nil, "--listen", d.addr, "--tls-cert", cert, "--tls-key", key)
	probes(t, 1, "another certificate", nil, "--listen", d.addr, "--tls-cert", otherCert, "--tls-key", otherKey)
	probes(t, 1, "", nil, "--listen", d.addr)
}
