package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"execd/httpapi"
)

// Pages of other servers may be served under any name that leads here; those of execd may not, and neither asks for the
// other.
func TestProxy_Origins(t *testing.T) {
	s := httpapi.New(httpapi.Config{})
	for _, c := range []struct {
		path, host, origin, site, mode string
		refused                        bool
	}{
		{"/proxy/1/", "sandbox.example:80", "http://sandbox.example:80", "", "", false},
		{"/ping", "sandbox.example:80", "http://sandbox.example:80", "", "", true},
		{"/proxy/1/", "sandbox.example:80", "http://other.example", "", "", true},
		{"/proxy/1/", "sandbox.example:80", "", "same-origin", "", false},
		{"/proxy/1/", "sandbox.example:80", "", "cross-site", "navigate", false},
		{"/proxy/1/", "sandbox.example:80", "", "cross-site", "no-cors", true},
		{"/ping", "127.0.0.1:80", "", "cross-site", "navigate", true},
	} {
		r := httptest.NewRequest(http.MethodGet, c.path, http.NoBody)
		r.Host = c.host
		for name, value := range map[string]string{"Origin": c.origin, "Sec-Fetch-Site": c.site, "Sec-Fetch-Mode": c.mode} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if (w.Code == http.StatusForbidden) != c.refused {
			t.Errorf("%+v: %d", c, w.Code)
		}
	}
}
