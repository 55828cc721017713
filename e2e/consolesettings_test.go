package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
	"time"
)

// behindPrefix is an address at which a proxy shows another one.
func behindPrefix(t *testing.T, address string) string {
	t.Helper()
	target, err := url.Parse(address)
	must(t, err)
	transport := &http.Transport{}
	proxy := &httputil.ReverseProxy{
		Transport:     transport,
		FlushInterval: -1,
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
	}
	server := httptest.NewServer(http.StripPrefix("/sandbox/7", proxy))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		transport.CloseIdleConnections()
	})
	return server.URL + "/sandbox/7"
}

// TestConsole_OtherSettings: the console copes with streams that have no ids, with logs whose beginning is gone, with a
// proxy that puts a prefix before it, and with people who like it dark.
func TestConsole_OtherSettings(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	d := start(t, append([]string{"--stream-format", "json"}, small...)...)
	p := newPlug(t, d.addr)
	b.do(t, "open", object{"url": p.url()})
	b.do(t, "begin", object{"command": ticks, "until": "tick 3"})
	p.turn(d.addr)
	if got := b.do(t, "finish", object{"chip": "exit 0"}); got != allTicks() {
		t.Errorf("through a cut came %q", got)
	}
	a := d.ok(t, http.MethodPost, "/command", object{"command": "seq 200000", "background": true})
	id := a.header.Get("X-Execd-Execution-Id")
	eventually(t, "its end", func() bool { return !d.status(t, id).Running })
	b.do(t, "evicted", object{"id": id, "end": "\n200000"})
	prefixed := behindPrefix(t, d.url)
	b.do(t, "open", object{"url": prefixed})
	b.do(t, "begin", object{"command": "echo through; sleep 0.1", "until": "through"})
	b.do(t, "finish", object{"chip": "exit 0"})
	b.do(t, "terminal", object{"type": "echo $((40+2))", "see": "42"})
	for dark, want := range map[bool]string{false: "rgb(243, 245, 247)", true: "rgb(13, 19, 24)"} {
		b.do(t, "open", object{"url": d.url, "dark": dark})
		if got := b.do(t, "colours", nil); got != want {
			t.Errorf("dark %v: %s, want %s", dark, got, want)
		}
		b.do(t, "accessible", nil)
	}
}

// TestConsole_Silence: a stream whose connection brings nothing any more, not even a ping, and is not cut, goes on by way of
// another, also where all others that the browser has are as silent.
func TestConsole_Silence(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	d := start(t)
	p := newPlug(t, d.addr)
	b.do(t, "open", object{"url": p.url(), "clock": true})
	silent := p.fallSilent("tick 20")
	id := b.do(t, "begin", object{"command": ticks, "until": "tick 3"})
	select {
	case <-silent:
	case <-time.After(patience):
		t.Fatal("the output never came to where the connection falls silent")
	}
	eventually(t, "the end that the page does not see", func() bool { return !d.status(t, id).Running })
	b.do(t, "later", object{"ms": 15_000})
	if got := b.do(t, "finish", object{"chip": "exit 0"}); got != allTicks() {
		t.Errorf("through silence came %q", got)
	}
}

// TestConsole_Off: without the console there is nothing at its path, for anybody.
func TestConsole_Off(t *testing.T) {
	t.Parallel()
	for _, d := range []*daemon{start(t, "--ui=false"), startWith(t, []string{"EXECD_UI=false"})} {
		d.fails(t, http.StatusNotFound, "NOT_FOUND", http.MethodGet, "/ui", nil)
		d.fails(t, http.StatusNotFound, "NOT_FOUND", http.MethodGet, "/ui/app.js", nil)
	}
	d := start(t, "--ui=false", "--access-token", consoleToken)
	d.fails(t, http.StatusUnauthorized, "UNAUTHORIZED", http.MethodGet, "/ui", nil)
	d = start(t, "--access-token", consoleToken, "--ui")
	d.ok(t, http.MethodGet, "/ui", nil)
	d.fails(t, http.StatusUnauthorized, "UNAUTHORIZED", http.MethodGet, "/ui/none", nil)
}
