package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// refusal is what every error looks like.
type refusal struct {
	Code, Message string
	Details       map[string]string
}

// A Jupyter server decides whether execd is ready: it may be away, deny the token, or come up later.
func TestReady_JupyterServer(t *testing.T) {
	t.Parallel()
	const token = "a-secret-of-the-server"
	var status atomic.Int64
	hung := make(chan struct{})
	jupyter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch n := int(status.Load()); {
		case n == 0: // it takes the connection and says nothing
			select {
			case <-hung:
			case <-r.Context().Done():
			}
		case n != http.StatusOK || r.Header.Get("Authorization") != "token "+token:
			w.WriteHeader(max(n, http.StatusForbidden))
		default:
			_, _ = w.Write([]byte(`{"default":"python3","kernelspecs":{"python3":{"spec":{"language":"python","display_name":"P"}}}}`))
		}
	}))
	defer jupyter.Close()
	defer close(hung)
	d := start(t, "--jupyter-host", jupyter.URL, "--jupyter-token", token)
	for _, c := range []struct {
		status  int
		details string
	}{
		{http.StatusForbidden, "check the token"},
		{http.StatusBadGateway, "502"},
		{0, "no answer within 2s"},
	} {
		status.Store(int64(c.status))
		a := d.call(t, http.MethodGet, "/ready", nil)
		got := decode[refusal](t, a)
		if a.status != http.StatusServiceUnavailable || got.Code != "NOT_READY" || a.header.Get("Retry-After") == "" ||
			!strings.Contains(got.Details["kernels"], c.details) || !strings.Contains(got.Message, c.details) || strings.Contains(a.body, token) {
			t.Errorf("%+v: %d %s", c, a.status, a.body)
		}
		d.empty(t, http.MethodGet, "/ping", nil) // it serves all the same
	}
	status.Store(http.StatusOK)
	if a := d.ok(t, http.MethodGet, "/ready", nil); !strings.Contains(a.body, `"languages":["python"]`) {
		t.Errorf("%s", a.body)
	}
}
