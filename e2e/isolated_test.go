package e2e_test

import (
	"net/http"
	"testing"
)

func TestIsolated(t *testing.T) {
	t.Parallel()
	d := start(t)
	has := get[object](t, d, "/v1/isolated/capabilities")
	for _, what := range []string{"available", "setpriv_available", "userns_available", "commit_supported", "diff_supported"} {
		if is, ok := has[what].(bool); is || !ok {
			t.Errorf("%s is %v, want false: %v", what, has[what], has)
		}
	}
	if message, _ := has["message"].(string); message == "" {
		t.Errorf("nothing says why: %v", has)
	}
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{http.MethodPost, "/v1/isolated/session", object{}},
		{http.MethodGet, "/v1/isolated/sessions", nil},
		{http.MethodPost, "/v1/isolated/capabilities", object{}},
		{http.MethodGet, "/v1/isolated/session/x", nil},
		{http.MethodDelete, "/v1/isolated/session/x", nil},
		{http.MethodPost, "/v1/isolated/session/x/run", object{"code": "true"}},
		{http.MethodGet, "/v1/isolated/session/x/diff", nil},
		{http.MethodPost, "/v1/isolated/session/x/commit", object{}},
		{http.MethodGet, "/v1/isolated/session/x/files/download?path=/x", nil},
		{http.MethodPost, "/v1/isolated/session/x/directories", object{}},
	} {
		a := d.call(t, c.method, c.path, c.body)
		a.checkFailure(t, http.StatusServiceUnavailable, "ISOLATION_UNAVAILABLE", c.method+" "+c.path)
		if a.header.Get("Retry-After") != "" {
			t.Errorf("%s %s asks to come again, which will not help", c.method, c.path)
		}
	}
	guarded := start(t, "--access-token", accessToken)
	guarded.fails(t, http.StatusUnauthorized, "UNAUTHORIZED", http.MethodGet, "/v1/isolated/sessions", nil)
}
