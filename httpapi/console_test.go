package httpapi_test

import (
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"execd/actors/msg"
	"execd/httpapi"
	"execd/kernel/kerneltest"
)

// useConsole loads the page as a browser does: itself, its files, and both anew.
func useConsole(t *testing.T, c *contract) {
	t.Helper()
	server := serve(t, httpapi.Config{Supervisor: refusing{msg.ErrCrashed}, Token: "secret"})
	for _, target := range append(consoleTargets(t), "/ui") {
		got := c.send(t, server, request{method: "GET", target: target})
		if got.status != http.StatusOK || got.body == "" {
			t.Errorf("GET %s without the token: %d", target, got.status)
		}
		again := c.send(t, server, request{method: "GET", target: target, header: []string{"If-None-Match", got.header.Get("Etag")}})
		if again.status != http.StatusNotModified || again.body != "" {
			t.Errorf("GET %s again: %d %q", target, again.status, again.body)
		}
	}
	off := serve(t, httpapi.Config{Supervisor: refusing{msg.ErrCrashed}, NoConsole: true})
	c.expect(t, off, request{method: "GET", target: "/ui"}, 404, "NOT_FOUND")
	c.expect(t, off, request{method: "GET", target: "/ui/app.js"}, 404, "NOT_FOUND")
}

// consoleTargets are the files that there are, as the page asks for them.
func consoleTargets(t *testing.T) []string {
	t.Helper()
	var all []string
	err := fs.WalkDir(os.DirFS("console"), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && name != "index.html" {
			all = append(all, "/ui/"+path.Base(name))
		}
		return err
	})
	if err != nil || len(all) < 20 {
		t.Fatalf("%d files, %v", len(all), err)
	}
	return all
}

// TestConsole_TokenStillGuards: nothing but the console's own files is exempt,
// and these only for GET.
func TestConsole_TokenStillGuards(t *testing.T) {
	server := serve(t, httpapi.Config{Supervisor: refusing{msg.ErrCrashed}, Token: "secret"})
	off := serve(t, httpapi.Config{Supervisor: refusing{msg.ErrCrashed}, Token: "secret", NoConsole: true})
	ask := func(url, method, target string) int {
		r, err := http.NewRequestWithContext(t.Context(), method, url+target, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.URL.Opaque = target // as it is written
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	for _, target := range []string{
		"/ui/none", "/ui/../ping", "/ui/%2e%2e/ping", "/ui/js/app.js", "/ui/app.js/", "/uix", "/ui//app.js", "//ui", "/",
	} {
		if got := ask(server.URL, http.MethodGet, target); got != http.StatusUnauthorized {
			t.Errorf("GET %s: %d, want 401", target, got)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"} {
		if got := ask(server.URL, method, "/ui"); got != http.StatusUnauthorized {
			t.Errorf("%s /ui: %d, want 401", method, got)
		}
	}
	if got := ask(off.URL, http.MethodGet, "/ui"); got != http.StatusUnauthorized {
		t.Errorf("GET /ui of a server without console: %d, want 401", got)
	}
}

var reference = regexp.MustCompile(`(?:from|import) '\./([^']+)'|(?:href|src)="ui/([^"]+)"`)

// TestConsole_References: what the page and its modules load is there, and
// nothing is there that is not loaded.
func TestConsole_References(t *testing.T) {
	loaded := map[string]bool{"frame.html": true, "addon-fit-LICENSE.txt": true, "xterm-LICENSE.txt": true}
	var files []string
	for _, target := range consoleTargets(t) {
		files = append(files, path.Base(target))
	}
	for _, dir := range []string{"console", "console/js"} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if entry.IsDir() {
				continue
			}
			text, err := os.ReadFile(path.Join(dir, entry.Name()))
			if err != nil {
				t.Fatal(err)
			}
			if lines := strings.Count(string(text), "\n"); lines > 300 {
				t.Errorf("%s has %d lines", entry.Name(), lines)
			}
			for _, m := range reference.FindAllStringSubmatch(string(text), -1) {
				loaded[m[1]+m[2]] = true
			}
		}
	}
	for _, file := range files {
		if !loaded[file] {
			t.Errorf("%s is never loaded", file)
		}
		delete(loaded, file)
	}
	for missing := range loaded {
		t.Errorf("%s is loaded and not there", missing)
	}
}

// TestConsole_Policies: the page takes scripts and styles from its own files
// alone, and the frame for HTML of others reaches nobody.
func TestConsole_Policies(t *testing.T) {
	server := serve(t, httpapi.Config{Supervisor: refusing{msg.ErrCrashed}})
	for target, want := range map[string][]string{
		"/ui":            {"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"},
		"/ui/frame.html": {"sandbox allow-scripts;", "default-src 'none'", "frame-ancestors 'self'"},
	} {
		resp, err := server.Client().Get(server.URL + target)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		policy := resp.Header.Get("Content-Security-Policy")
		for _, part := range want {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: %q lacks %q", target, policy, part)
			}
		}
		for _, loose := range []string{"allow-same-origin", "http:", "https:", "*"} {
			if strings.Contains(policy, loose) {
				t.Errorf("%s: %q has %q", target, policy, loose)
			}
		}
		if target == "/ui" && strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %q", target, policy)
		}
	}
}

// TestConsole_NamedHost: the page can be used at a name that the configuration
// has, without a token, and at no other.
func TestConsole_NamedHost(t *testing.T) {
	server := serve(t, httpapi.Config{Supervisor: refusing{msg.ErrCrashed}, AllowedOrigins: []string{"https://sandbox.example"}})
	for host, want := range map[string]int{"sandbox.example": 200, "rebound.example": 403, "sandbox.example:81": 403} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/ui/app.js", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		resp, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", host, resp.StatusCode, want)
		}
	}
}

// TestConsole_SocketToken: a terminal's WebSocket takes the token among its
// subprotocols, and nothing else does.
func TestConsole_SocketToken(t *testing.T) {
	const token = "tökén with spaces/and+signs?"
	server := serveSystem(t, &kerneltest.Fake{}, httpapi.Config{Token: token})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/pty", strings.NewReader(`{"command":"true"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Execd-Access-Token", token)
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	id := decodeSession(t, resp)
	offer := func(target string, protocols ...string) (int, string) {
		dialer := websocket.Dialer{Subprotocols: protocols}
		conn, resp, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(server.URL, "http")+target, nil)
		if err == nil {
			defer conn.Close()
			return resp.StatusCode, conn.Subprotocol()
		}
		if resp == nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode, ""
	}
	encoded := base64.RawURLEncoding.EncodeToString([]byte(token))
	socket := "/pty/" + id + "/ws"
	for _, wrong := range [][]string{
		nil, {"execd.terminal"}, {"execd.terminal", "execd.token."}, {"execd.terminal", "execd.token." + encoded[1:]}, {encoded},
	} {
		if status, _ := offer(socket, wrong...); status != http.StatusUnauthorized {
			t.Errorf("%q: %d", wrong, status)
		}
	}
	for _, target := range []string{"/pty/" + id, "/ping", "/proxy/1/pty/x/ws"} {
		if status, _ := offer(target, "execd.terminal", "execd.token."+encoded); status != http.StatusUnauthorized {
			t.Errorf("%s: %d", target, status)
		}
	}
	status, chosen := offer(socket, "execd.terminal", "execd.token."+encoded)
	if status != http.StatusSwitchingProtocols || chosen != "execd.terminal" {
		t.Errorf("%d, chosen %q", status, chosen)
	}
}

func decodeSession(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	var made struct {
		ID string `json:"session_id"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&made); err != nil || made.ID == "" {
		t.Fatalf("%d %v", resp.StatusCode, err)
	}
	return made.ID
}
