package e2e_test

import (
	"net/http"
	"os"
	"testing"
)

// TestPath_TrailingSlash: a slash behind a path changes nothing but that a reader is sent to the path without it.
func TestPath_TrailingSlash(t *testing.T) {
	t.Parallel()
	d := start(t)
	d.client = &http.Client{
		Transport:     connections.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	run := d.command(t, "echo hi")
	for path, to := range map[string]string{
		"/ping/": "/ping", "/executions/?kind=command": "/executions?kind=command",
		"/executions/" + run[0].Text + "/": "/executions/" + run[0].Text,
	} {
		a := d.call(t, http.MethodGet, path, nil)
		if a.status != http.StatusMovedPermanently || a.header.Get("Location") != to {
			t.Errorf("%s: %d to %q, want %q", path, a.status, a.header.Get("Location"), to)
		}
	}
	if got := d.open(t, http.MethodPost, "/command/", object{"command": "echo hi"}).complete(t).output(); got != "hi" {
		t.Errorf("POST with a slash prints %q", got)
	}
	d.empty(t, http.MethodDelete, "/executions/"+run[0].Text+"/", nil)
	for _, path := range []string{"/no/such/path/", "/", "//", "//example.com/", "//ping/", "/command/", "/ping//"} {
		d.fails(t, http.StatusNotFound, "NOT_FOUND", http.MethodGet, path, nil)
	}
	closed := start(t, "--access-token", accessToken)
	closed.fails(t, http.StatusUnauthorized, "UNAUTHORIZED", http.MethodGet, "/ping/", nil)
}

// TestPath_Spaces: both ways to write a space in a query are one.
func TestPath_Spaces(t *testing.T) {
	t.Parallel()
	d := start(t)
	path := d.dir + "/two words + ä"
	must(t, os.WriteFile(path, []byte("x"), 0o600))
	for _, query := range []string{"/two+words+%2B+%C3%A4", "/two%20words%20%2B%20%C3%A4", "/two+words%20%2b+ä"} {
		if a := d.ok(t, http.MethodGet, "/files/download?path="+d.dir+query, nil); a.body != "x" {
			t.Errorf("%s: %s", query, a.body)
		}
	}
}
