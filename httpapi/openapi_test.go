package httpapi_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"execd/actors/event"
	"execd/actors/msg"
	"execd/httpapi"
)

var pathParameter = regexp.MustCompile(`:(\w+)`)

// TestOpenAPI_Routes: what is served is described, and what is described is
// served.
func TestOpenAPI_Routes(t *testing.T) {
	var served []string
	for _, r := range httpapi.New(httpapi.Config{}).Routes() {
		if r.Method != echo.RouteNotFound {
			served = append(served, r.Method+" "+pathParameter.ReplaceAllString(r.Path, "{$1}"))
		}
	}
	described := loadContract(t).operations()
	for _, op := range served {
		if !slices.Contains(described, op) {
			t.Errorf("%s is served and not in openapi.yaml", op)
		}
	}
	for _, op := range described {
		if !slices.Contains(served, op) {
			t.Errorf("%s is in openapi.yaml and not served", op)
		}
	}
}

// TestOpenAPI_Codes: the codes of errors are those of the code, which are
// constants of type Code.
func TestOpenAPI_Codes(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../actors/msg/errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || fmt.Sprint(spec.Type) != "Code" {
			return true
		}
		for _, v := range spec.Values {
			code, err := strconv.Unquote(v.(*ast.BasicLit).Value) //nolint:forcetypeassert // fails the test
			if err != nil {
				t.Fatal(err)
			}
			known[code] = true
		}
		return true
	})
	described := map[string]bool{}
	for _, code := range loadContract(t).doc.Components.Schemas["Error"].Value.Properties["code"].Value.Enum {
		described[fmt.Sprint(code)] = true
	}
	for code := range known {
		if !described[code] {
			t.Errorf("the code %s is not in openapi.yaml", code)
		}
	}
	for code := range described {
		if !known[code] {
			t.Errorf("the code %s is in openapi.yaml and in no answer", code)
		}
	}
	if len(known) == 0 {
		t.Error("no codes found")
	}
}

// anID is one that names nothing.
const anID = "00000000000000000000000000000000"

// samples has a request for every operation, which is as documented.
var samples = map[string]request{
	"GET /ping":                  {method: "GET", target: "/ping"},
	"POST /command":              {method: "POST", target: "/command", body: `{"command":"true"}`},
	"DELETE /command":            {method: "DELETE", target: "/command?id=" + anID},
	"GET /command/status/{id}":   {method: "GET", target: "/command/status/" + anID},
	"GET /command/{id}/logs":     {method: "GET", target: "/command/" + anID + "/logs?cursor=0"},
	"POST /code":                 {method: "POST", target: "/code", body: `{"code":"1","language":"python"}`},
	"DELETE /code":               {method: "DELETE", target: "/code?id=" + anID},
	"GET /code/languages":        {method: "GET", target: "/code/languages"},
	"POST /code/context":         {method: "POST", target: "/code/context", body: `{"language":"python"}`},
	"GET /code/contexts":         {method: "GET", target: "/code/contexts?language=python"},
	"DELETE /code/contexts":      {method: "DELETE", target: "/code/contexts?language=python"},
	"GET /code/contexts/{id}":    {method: "GET", target: "/code/contexts/" + anID},
	"DELETE /code/contexts/{id}": {method: "DELETE", target: "/code/contexts/" + anID},

	"POST /code/contexts/{id}/restart": {method: "POST", target: "/code/contexts/" + anID + "/restart"},

	"GET /v1/isolated/capabilities": {method: "GET", target: "/v1/isolated/capabilities"},
	"GET /debug/actors":             {method: "GET", target: "/debug/actors?format=json"},
	"GET /metrics":                  {method: "GET", target: "/metrics"},
	"GET /metrics/watch":            {method: "GET", target: "/metrics/watch?interval_ms=100"},
	"GET /metrics/prometheus":       {method: "GET", target: "/metrics/prometheus"},
	"GET /executions":               {method: "GET", target: "/executions?kind=command&state=running"},
	"GET /executions/{id}":          {method: "GET", target: "/executions/" + anID},
	"DELETE /executions/{id}":       {method: "DELETE", target: "/executions/" + anID},
	"GET /executions/{id}/events":   {method: "GET", target: "/executions/" + anID + "/events?after=0"},
	"GET /executions/{id}/late":     {method: "GET", target: "/executions/" + anID + "/late?after=0"},
	"GET /executions/{id}/wait":     {method: "GET", target: "/executions/" + anID + "/wait?for=exit"},
	"POST /executions/{id}/stdin":   {method: "POST", target: "/executions/" + anID + "/stdin?eof=true"},
	"POST /executions/{id}/signal":  {method: "POST", target: "/executions/" + anID + "/signal", body: `{"signal":"SIGINT"}`},
	"POST /session":                 {method: "POST", target: "/session", body: `{}`},
	"GET /session":                  {method: "GET", target: "/session"},
	"GET /session/{id}":             {method: "GET", target: "/session/" + anID},
	"DELETE /session/{id}":          {method: "DELETE", target: "/session/" + anID},
	"POST /session/{id}/run":        {method: "POST", target: "/session/" + anID + "/run", body: `{"command":"true"}`},
	"POST /pty":                     {method: "POST", target: "/pty", body: `{}`},
	"GET /pty":                      {method: "GET", target: "/pty"},
	"GET /pty/{id}":                 {method: "GET", target: "/pty/" + anID},
	"DELETE /pty/{id}":              {method: "DELETE", target: "/pty/" + anID},
	"GET /pty/{id}/ws":              {method: "GET", target: "/pty/" + anID + "/ws?since=0"},
	"DELETE /files":                 {method: "DELETE", target: "/files?path=/nonexistent/file"},
	"POST /files/upload":            uploadForm(`{"path":"/nonexistent/x"}`, "x"),
	"PUT /files/upload":             {method: "PUT", target: "/files/upload?path=/nonexistent/x&mode=644", body: "x", header: octets},
	"GET /files/download":           {method: "GET", target: "/files/download?path=/nonexistent/x"},
	"GET /files/search":             {method: "GET", target: "/files/search?path=/nonexistent"},
	"GET /files/watch":              {method: "GET", target: "/files/watch?path=/nonexistent&recursive=true"},
	"GET /files/archive":            {method: "GET", target: "/files/archive?path=/nonexistent"},
	"POST /files/extract":           {method: "POST", target: "/files/extract?path=/nonexistent/x", body: "x", header: octets},
	"OPTIONS /files/uploads":        {method: "OPTIONS", target: "/files/uploads"},
	"POST /files/uploads":           {method: "POST", target: "/files/uploads", header: tusHeader("Upload-Length", "2")},
	"HEAD /files/uploads/{id}":      {method: "HEAD", target: "/files/uploads/" + anID, header: tusHeader()},
	"PATCH /files/uploads/{id}":     {method: "PATCH", target: "/files/uploads/" + anID, header: tusHeader("Upload-Offset", "0")},
	"DELETE /files/uploads/{id}":    {method: "DELETE", target: "/files/uploads/" + anID, header: tusHeader()},
	"HEAD /files/download":          {method: "HEAD", target: "/files/download?path=/nonexistent/x"},
	"GET /files/info":               {method: "GET", target: "/files/info"},
	"POST /files/replace":           {method: "POST", target: "/files/replace", body: `{"/does/not/exist":{"old":"a","new":"b"}}`},
	"POST /files/mv":                {method: "POST", target: "/files/mv", body: `[]`},
	"POST /files/permissions":       {method: "POST", target: "/files/permissions", body: `{}`},
	"POST /directories":             {method: "POST", target: "/directories", body: `{}`},
	"DELETE /directories":           {method: "DELETE", target: "/directories?path=/nonexistent/dir"},
	"GET /directories/list":         {method: "GET", target: "/directories/list?path=/nonexistent"},
	"GET /executions/{id}/output":   {method: "GET", target: "/executions/" + anID + "/output?offset=0"},
	"GET /ready":                    {method: "GET", target: "/ready"},
	"GET /ui":                       {method: "GET", target: "/ui"},
	"GET /ui/{asset}":               {method: "GET", target: "/ui/none.js"},
}

// refusals are what the supervisor may answer to anybody, in one way or
// another.
var refusals = []struct {
	err    error
	status int
}{
	{msg.ErrCrashed, http.StatusInternalServerError},
	{msg.ErrDraining, http.StatusServiceUnavailable},
	{msg.Errorf(msg.ExecutionNotFound, "gone"), http.StatusNotFound},
	{msg.Errorf(msg.TooMany, "full"), http.StatusTooManyRequests},
	{msg.Errorf(msg.KeyReused, "another"), http.StatusUnprocessableEntity},
	{msg.Errorf(msg.NotRunning, "over"), http.StatusConflict},
	{msg.Errorf(msg.NotSupported, "no bash"), http.StatusNotImplemented},
	{&event.EvictedError{Asked: 1, Oldest: 2}, http.StatusGone},
}

// TestOpenAPI_Answers: every answer is as documented, and every documented
// answer is given.
func TestOpenAPI_Answers(t *testing.T) {
	c := loadContract(t)
	for _, op := range c.operations() {
		if _, ok := samples[op]; !ok {
			t.Errorf("there is no sample of %s", op)
		}
	}
	refuseAll(t, c)
	useCommands(t, c)
	useCode(t, c)
	useMetrics(t, c)
	useSessions(t, c)
	useTerminals(t, c)
	useFiles(t, c)
	useWatches(t, c)
	useTransfers(t, c)
	useUploads(t, c)
	useConsole(t, c)
	for _, answer := range c.answers() {
		if !c.seen[answer] {
			t.Errorf("openapi.yaml documents %s, which no request gets", answer)
		}
	}
	for _, field := range c.eventFields() {
		if !c.fields[field] {
			t.Errorf("openapi.yaml documents the field %s of events, which none has", field)
		}
	}
}

// refuseAll sends every sample to servers that refuse it.
func refuseAll(t *testing.T, c *contract) {
	t.Helper()
	crashed := refusing{msg.ErrCrashed}
	guarded := serve(t, httpapi.Config{Supervisor: crashed, Token: "secret"})
	open := serve(t, httpapi.Config{Supervisor: crashed})
	narrow := serve(t, httpapi.Config{Supervisor: crashed, MaxBody: 1, MaxUpload: 1})
	documented := c.answers()
	for op, q := range samples {
		if op != "GET /ui" { // which needs no token
			c.expect(t, guarded, q, 401, "UNAUTHORIZED")
		}
		foreign := q
		foreign.header = append([]string{"Origin", "https://example.com"}, q.header...)
		c.expect(t, open, foreign, 403, "ORIGIN_NOT_ALLOWED")
		if slices.Contains(documented, op+" 413") {
			large := q
			large.body += " "
			c.expect(t, narrow, large, 413, "BODY_TOO_LARGE")
			if strings.Contains(op, "/files/upload") || strings.Contains(op, "/files/extract") {
				continue // its body is not JSON
			}
			c.expect(t, open, request{method: q.method, target: q.target, body: "{"}, 400, "INVALID_REQUEST_BODY")
		}
	}
	for _, r := range refusals {
		server := serve(t, httpapi.Config{Supervisor: refusing{r.err}})
		for op, q := range samples {
			if slices.Contains(documented, fmt.Sprintf("%s %d", op, r.status)) {
				c.send(t, server, q)
			}
		}
	}
}
