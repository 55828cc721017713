package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"execd/httpapi"
)

// TestProfiles: profiles are there for those who asked for them and have the
// token, and for nobody else.
func TestProfiles(t *testing.T) {
	for _, c := range []struct {
		name   string
		config httpapi.Config
		token  string
		status int
		body   string
	}{
		{"not asked for", httpapi.Config{}, "", http.StatusNotFound, "NOT_FOUND"},
		{"asked for", httpapi.Config{Profiles: true}, "", http.StatusOK, "goroutine profile: total "},
		{"without the token", httpapi.Config{Profiles: true, Token: "t"}, "", http.StatusUnauthorized, "UNAUTHORIZED"},
		{"with the token", httpapi.Config{Profiles: true, Token: "t"}, "t", http.StatusOK, "goroutine profile: total "},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/debug/pprof/goroutine?debug=1", http.NoBody)
			r.Header.Set("X-EXECD-ACCESS-TOKEN", c.token)
			w := httptest.NewRecorder()
			httpapi.New(c.config).Handler().ServeHTTP(w, r)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.body) {
				t.Errorf("status %d, %.200q; want %d and %q", w.Code, w.Body, c.status, c.body)
			}
		})
	}
}
