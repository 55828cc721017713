package e2e_test

import (
	"net/http"
	"strings"
	"testing"
)

// everywhere is a request to each kind of path that there is, and to one that there is not.
var everywhere = []struct{ method, path string }{
	{"GET", "/ping"},
	{"POST", "/command"},
	{"DELETE", "/command?id=x"},
	{"GET", "/command/status/x"},
	{"GET", "/command/x/logs"},
	{"POST", "/code"},
	{"DELETE", "/code?id=x"},
	{"POST", "/code/context"},
	{"GET", "/code/contexts"},
	{"DELETE", "/code/contexts?language=python"},
	{"GET", "/code/contexts/x"},
	{"DELETE", "/code/contexts/x"},
	{"GET", "/executions"},
	{"GET", "/executions/x"},
	{"DELETE", "/executions/x"},
	{"GET", "/executions/x/events"},
	{"GET", "/executions/x/output"},
	{"PUT", "/ping"},
	{"GET", "/"},
	{"GET", "/no/such/path"},
}

const accessToken = "a token that must not get into any log"

func TestToken_Everywhere(t *testing.T) {
	t.Parallel()
	d := startWith(t, []string{"EXECD_ACCESS_TOKEN=" + accessToken}, "--log-level", "7")
	for _, q := range everywhere {
		for _, wrong := range []string{"", "x", accessToken + "x", accessToken[1:], strings.ToUpper(accessToken)} {
			f := d.fails(t, http.StatusUnauthorized, "UNAUTHORIZED", q.method, q.path, `{"command":"true"}`, "X-EXECD-ACCESS-TOKEN", wrong)
			if !strings.HasPrefix(f.Error, "Unauthorized") {
				t.Errorf("%s %s: error %q", q.method, q.path, f.Error)
			}
		}
		if a := d.call(t, q.method, q.path, `{}`, "x-execd-access-token", accessToken); a.status == http.StatusUnauthorized {
			t.Errorf("%s %s: %s", q.method, q.path, a.body)
		}
	}
	d.fails(t, http.StatusUnauthorized, "UNAUTHORIZED", http.MethodGet, "/ping", nil) // without the header
	d.fails(t, http.StatusUnauthorized, "UNAUTHORIZED", http.MethodGet, "/ping?token="+strings.ReplaceAll(accessToken, " ", "+"), nil)
	d.command(t, "true", "X-EXECD-ACCESS-TOKEN", accessToken).ends(t, success)
	if a := d.ok(t, http.MethodGet, "/executions", nil, "X-Execd-Access-Token", accessToken); strings.Count(a.body, `"id"`) != 1 {
		t.Errorf("more ran than the one that was allowed to: %s", a.body)
	}
}

func TestToken_NoneNeeded(t *testing.T) {
	t.Parallel()
	d := start(t)
	d.command(t, "true", "X-EXECD-ACCESS-TOKEN", "whatever", "OPEN-SANDBOX-API-KEY", "x", "OPEN-SANDBOX-CLIENT-IP", "1.2.3.4").ends(t, success)
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	closed := start(t)
	open := start(t, "--allowed-origins", "https://ours.example, http://other.example:8080")
	all := start(t, "--allowed-origins", "*")
	port := func(d *daemon) string { return d.addr[strings.LastIndexByte(d.addr, ':'):] }
	for _, c := range []struct {
		name    string
		daemon  *daemon
		header  []string
		allowed bool
	}{
		{"no browser", closed, nil, true},
		{"own page", closed, []string{"Origin", closed.url}, true},
		{"own page by name", closed, []string{"Host", "localhost" + port(closed), "Origin", "http://localhost" + port(closed)}, true},
		{"typed address", closed, []string{"Sec-Fetch-Site", "none"}, true},
		{"own fetch", closed, []string{"Sec-Fetch-Site", "same-origin"}, true},
		{"foreign page", closed, []string{"Origin", "https://evil.example"}, false},
		{"other port", closed, []string{"Origin", "http://127.0.0.1:1"}, false},
		{"page without origin", closed, []string{"Origin", "null"}, false},
		{"no URL", closed, []string{"Origin", "http://%zz"}, false},
		{"foreign page without Origin", closed, []string{"Sec-Fetch-Site", "cross-site"}, false},
		{"neighbour without Origin", closed, []string{"Sec-Fetch-Site", "same-site"}, false},
		{"name made to point here", closed, []string{"Host", "evil.example", "Origin", "http://evil.example"}, false},
		{"the same without Origin", closed, []string{"Host", "evil.example", "Sec-Fetch-Site", "same-origin"}, false},
		{"allowed", open, []string{"Origin", "https://ours.example"}, true},
		{"allowed too", open, []string{"Origin", "http://other.example:8080"}, true},
		{"allowed elsewhere", open, []string{"Origin", "http://ours.example"}, false},
		{"all allowed", all, []string{"Origin", "https://evil.example"}, true},
	} {
		a := c.daemon.call(t, http.MethodPost, "/command", `{"command":"true"}`, c.header...)
		if c.allowed && a.status != http.StatusOK {
			t.Errorf("%s: %d %s", c.name, a.status, a.body)
		}
		if !c.allowed {
			a.checkFailure(t, http.StatusForbidden, "ORIGIN_NOT_ALLOWED", c.name)
		}
	}
	d := start(t, "--access-token", accessToken)
	d.command(t, "true", "Origin", "https://evil.example", "X-EXECD-ACCESS-TOKEN", accessToken).ends(t, success)
}

func TestErrors_Shape(t *testing.T) {
	t.Parallel()
	d := start(t, "--max-body", "1KiB")
	for _, c := range []struct {
		status       int
		code         string
		method, path string
		body         any
	}{
		{404, "NOT_FOUND", "GET", "/", nil},
		{404, "NOT_FOUND", "GET", "/no/such/path", nil},
		{404, "NOT_FOUND", "POST", "/commands", object{}},
		{405, "METHOD_NOT_ALLOWED", "PUT", "/command", object{}},
		{405, "METHOD_NOT_ALLOWED", "POST", "/ping", nil},
		{405, "METHOD_NOT_ALLOWED", "PATCH", "/executions/x", nil},
		{404, "EXECUTION_NOT_FOUND", "GET", "/executions/%00%0a", nil},
		{404, "EXECUTION_NOT_FOUND", "GET", "/executions/..%2f..%2fetc%2fpasswd/output", nil},
		{404, "CONTEXT_NOT_FOUND", "GET", "/code/contexts/x", nil},
		{404, "CONTEXT_NOT_FOUND", "DELETE", "/code/contexts/x", nil},
		{400, "MISSING_QUERY", "DELETE", "/code/contexts", nil},
		{404, "CONTEXT_NOT_FOUND", "POST", "/code", in("nobody", "1")},
		{400, "INVALID_REQUEST_BODY", "POST", "/code", object{"language": "python"}},
		{400, "INVALID_REQUEST_BODY", "POST", "/code/context", object{}},
		{400, "INVALID_REQUEST_BODY", "POST", "/code/context", nil},
		{501, "NOT_SUPPORTED", "POST", "/code", object{"language": "sql", "code": "select 1"}},
		{500, "KERNEL_NOT_INSTALLED", "POST", "/code", object{"language": "brainfuck", "code": "+"}},
		{500, "KERNEL_NOT_INSTALLED", "POST", "/code/context", object{"language": "brainfuck"}},
		{413, "BODY_TOO_LARGE", "POST", "/command", object{"command": ": " + strings.Repeat("x", 1<<10)}},
	} {
		a := d.call(t, c.method, c.path, c.body)
		a.checkFailure(t, c.status, c.code, c.method+" "+c.path)
		if c.status == 405 && a.header.Get("Allow") == "" {
			t.Errorf("%s %s: no header Allow", c.method, c.path)
		}
	}
	if list := get[[]codeContext](t, d, "/code/contexts"); len(list) != 0 {
		t.Errorf("refused contexts are listed: %+v", list)
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := func(path, given string) string {
		return d.call(t, http.MethodGet, path, nil, "X-Request-ID", given).header.Get("X-Request-Id")
	}
	seen := map[string]bool{}
	for _, path := range []string{"/ping", "/no/such/path", "/executions"} {
		if got := id(path, "mine-42"); got != "mine-42" {
			t.Errorf("%s: %q came back", path, got)
		}
		for _, odd := range []string{"", "with space", "é", strings.Repeat("x", 1000)} {
			got := id(path, odd)
			if got == odd || got == "" || seen[got] {
				t.Errorf("%s: for %.20q came %q", path, odd, got)
			}
			seen[got] = true
		}
	}
	if s := d.openCommand(t, "true", "X-Request-ID", "of-a-stream"); s.header.Get("X-Request-Id") != "of-a-stream" {
		t.Errorf("a stream has the id %q", s.header.Get("X-Request-Id"))
	}
}
