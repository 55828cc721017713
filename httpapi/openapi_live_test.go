package httpapi_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"execd/httpapi"
	"execd/kernel/kerneltest"
)

// live is a server over a real supervision tree, held to the contract.
type live struct {
	t      *testing.T
	c      *contract
	server *httptest.Server
	ended  chan struct{} // gets one when the end of "show late" has come
}

func newLive(t *testing.T, c *contract) *live {
	t.Helper()
	ended := make(chan struct{}, 1)
	fake := &kerneltest.Fake{Execute: func(cell *kerneltest.Cell) {
		if strings.HasPrefix(cell.Code, "show") {
			show(cell)
		}
		if cell.Code == "show late" {
			cell.Finish()
			<-ended // what comes between the two messages that end a run belongs to it
			show(cell)
			return
		}
		cell.Run()
	}}
	return &live{t, c, serveSystem(t, fake, httpapi.Config{}), ended}
}

// do makes a request that is answered with the status.
func (l *live) do(status int, method, target, body string, header ...string) reply {
	l.t.Helper()
	return l.c.expect(l.t, l.server, request{method, target, body, header}, status, "")
}

// refused makes a request that is answered with an error of the code.
func (l *live) refused(status int, code, method, target, body string, header ...string) {
	l.t.Helper()
	l.c.expect(l.t, l.server, request{method, target, body, header}, status, `"code":"`+code+`"`)
}

// begin starts a run, leaves it alone, and returns its id.
func (l *live) begin(target, body string) string {
	l.t.Helper()
	r, err := http.NewRequestWithContext(l.t.Context(), http.MethodPost, l.server.URL+target, strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	resp, err := l.server.Client().Do(r)
	if err != nil {
		l.t.Fatal(err)
	}
	defer resp.Body.Close()
	first := make([]byte, 1)
	if _, err := io.ReadFull(resp.Body, first); err != nil || resp.StatusCode != http.StatusOK {
		l.t.Fatalf("POST %s %s: %d, %v", target, body, resp.StatusCode, err)
	}
	return reply{header: resp.Header}.execution()
}

// events reads a run from its start to its end.
func (l *live) events(id string) string {
	l.t.Helper()
	return l.do(200, "GET", "/executions/"+id+"/events", "").body
}

// until repeats a request until its answer contains a text.
func (l *live) until(target, text string) {
	l.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		if strings.Contains(l.do(200, "GET", target, "").body, text) {
			return
		}
		if time.Now().After(deadline) {
			l.t.Fatalf("GET %s: never answered with %q", target, text)
		}
	}
}

func (l *live) contains(body string, parts ...string) {
	l.t.Helper()
	for _, p := range parts {
		if !strings.Contains(body, p) {
			l.t.Errorf("%q is not in %.2000s", p, body)
		}
	}
}

// useCommands does with commands what can be done with them.
func useCommands(t *testing.T, c *contract) {
	t.Helper()
	l := newLive(t, c)
	l.do(200, "GET", "/ping", "")
	l.do(200, "GET", "/v1/isolated/capabilities", "")
	l.runCommands()
	l.readCommands()
	l.endCommands()
}

func (l *live) runCommands() {
	l.t.Helper()
	const long = `head -c 200000 /dev/zero | tr '\0' x; echo`
	prints := l.do(200, "POST", "/command", command(`printf '\377\n'; printf '\377\n' >&2; `+long+`; (`+long+`) >&2`))
	l.contains(prints.body, `"type":"stdout"`, `"type":"stderr"`, "execution_complete")
	l.do(200, "POST", "/command", command(`sleep 0.2`), "User-Agent", "OpenSandbox-JS-SDK/1")
	l.do(200, "POST", "/command", command(`exit 3`), "Accept", "application/x-ndjson")
	l.contains(l.do(200, "POST", "/command", command(`kill -TERM $$`)).body, `"status":"killed"`, `"evalue":"-1"`)
	l.contains(l.do(200, "POST", "/command", `{"command":"sleep 60","timeout":50}`).body, `"reason":"timeout"`)
	l.do(200, "POST", "/command", command("true"), "Idempotency-Key", "k")
	l.do(200, "POST", "/command", command("true"), "Idempotency-Key", "k")
	l.refused(422, "IDEMPOTENCY_KEY_REUSED", "POST", "/command", command("false"), "Idempotency-Key", "k")
	for _, body := range []string{
		``, `{"command":""}`, `{"command":1}`, `{"command":"true","timeout":-1}`, `{"command":"true","cwd":"/does/not/exist"}`,
		`{"command":"true","gid":0}`, `{"command":"true","on_disconnect":"explode"}`,
		`{"command":"true","output":"words"}`, `{"command":"true","wait_ms":-1}`,
	} {
		l.refused(400, "INVALID_REQUEST_BODY", "POST", "/command", body)
	}
}

func command(script string) string {
	text, _ := json.Marshal(map[string]any{"command": script, "cwd": nil, "envs": nil, "uid": nil}) //nolint:errchkjson // never fails
	return string(text)
}

// readCommands reads what commands have left.
func (l *live) readCommands() {
	l.t.Helper()
	id := l.do(200, "POST", "/command", `{"command":"echo out; echo err >&2","background":true}`).execution()
	l.contains(l.events(id), `"exit_code":0`)
	l.do(200, "GET", "/command/status/"+id, "")
	l.contains(l.do(200, "GET", "/command/"+id+"/logs", "").body, "out\nerr\n")
	l.do(200, "GET", "/command/"+id+"/logs?cursor=99", "")
	l.refused(400, "INVALID_REQUEST_BODY", "GET", "/command/"+id+"/logs?cursor=x", "")
	l.do(200, "GET", "/executions", "")
	l.do(200, "GET", "/executions?kind=background&state=ended", "")
	l.refused(400, "INVALID_REQUEST_BODY", "GET", "/executions?kind=x", "")
	l.do(200, "GET", "/executions/"+id, "")
	l.do(200, "GET", "/executions/"+id+"/events?after=1", "")
	l.do(200, "GET", "/executions/"+id+"/events", "", "Last-Event-ID", "1")
	l.do(204, "GET", "/executions/"+id+"/events?after=99", "")
	l.refused(400, "INVALID_REQUEST_BODY", "GET", "/executions/"+id+"/events?after=-1", "")
	l.do(200, "GET", "/executions/"+id+"/output?offset=4", "")
	l.refused(400, "INVALID_REQUEST_BODY", "GET", "/executions/"+id+"/output?offset=-1", "")
	for _, path := range []string{"/command/" + id + "/logs", "/executions/" + id + "/output"} {
		l.do(206, "GET", path, "", "Range", "bytes=0-1")
		l.refused(416, "UNKNOWN", "GET", path, "", "Range", "bytes=99-")
	}
	front := l.do(200, "POST", "/command", command("echo out; echo err >&2")).execution()
	l.contains(l.do(200, "GET", "/executions/"+front+"/output?stream=stderr", "").body, "err\n")
	l.refused(400, "INVALID_REQUEST_BODY", "GET", "/executions/"+front+"/output?stream=x", "")
	l.do(200, "DELETE", "/executions/"+id, "")
	l.refused(404, "EXECUTION_NOT_FOUND", "GET", "/executions/"+id, "")
	l.refused(404, "EXECUTION_NOT_FOUND", "DELETE", "/executions/"+id, "")
}

// endCommands ends commands from outside.
func (l *live) endCommands() {
	l.t.Helper()
	id := l.begin("/command", `{"command":"trap 'exit 0' TERM; echo ready; while :; do sleep 0.01; done","background":true}`)
	l.until("/command/"+id+"/logs", "ready")
	l.do(200, "GET", "/command/status/"+id, "")
	l.do(200, "DELETE", "/command?id="+id, "")
	l.contains(l.events(id), "execution_complete", `"reason":"interrupt"`)
	l.refused(404, "EXECUTION_NOT_FOUND", "DELETE", "/command?id="+id, "")
	l.refused(400, "MISSING_QUERY", "DELETE", "/command", "")

	id = l.begin("/command", `{"command":"sleep 60"}`)
	l.refused(400, "INVALID_REQUEST_BODY", "GET", "/command/"+id+"/logs", "")
	l.do(200, "DELETE", "/executions/"+id, "")
	l.contains(l.events(id), `"reason":"removed"`, `"processes_ended":`)
	l.do(200, "GET", "/executions/"+id, "")
	l.control()
}

// useCode does with code what can be done with it.
func useCode(t *testing.T, c *contract) {
	t.Helper()
	l := newLive(t, c)
	l.do(200, "GET", "/code/languages", "")
	l.contains(l.do(200, "GET", "/debug/actors", "").body, `{"kind":"kernels","id":"kernels","state":"running"`)
	l.contains(l.do(200, "GET", "/debug/actors?format=text", "").body, "├── kernels")
	l.refused(400, "INVALID_REQUEST_BODY", "GET", "/debug/actors?format=xml", "")
	l.contains(l.do(200, "GET", "/ready", "").body, `"languages":["python"]`, `"missing":["bash"`)
	l.do(200, "GET", "/code/contexts", "")
	l.do(200, "POST", "/code", `{"code":"true"}`)
	l.do(200, "POST", "/code", `{"code":"true","language":"command"}`)
	l.contains(l.do(200, "POST", "/code", `{"code":"true","context":{"language":"background-command"}}`).body, `"status":"started"`)
	l.contains(l.do(200, "POST", "/code", `{"code":"show","language":"py"}`).body, `"text":"42"`, "display_update")
	l.showLate()
	l.do(200, "POST", "/code", `{"code":"error ValueError no","context":{"id":null,"language":"python"}}`)
	l.refused(400, "INVALID_REQUEST_BODY", "POST", "/code", `{"language":"python"}`)
	l.do(200, "POST", "/code", `{"code":"print hi","language":"python","envs":{"A":"b"}}`)
	l.refused(400, "INVALID_REQUEST_BODY", "POST", "/code", `{"code":"1","language":"python","envs":{"A-B":"c"}}`)
	l.refused(501, "NOT_SUPPORTED", "POST", "/code", `{"code":"1","language":"java","envs":{"A":"b"}}`)
	l.refused(501, "NOT_SUPPORTED", "POST", "/code", `{"code":"select 1","language":"sql"}`)
	l.refused(500, "KERNEL_NOT_INSTALLED", "POST", "/code", `{"code":"1","language":"julia"}`)
	l.refused(404, "CONTEXT_NOT_FOUND", "POST", "/code", `{"code":"1","context":{"id":"x"}}`)
	l.answerCode()
	l.useContexts()
	l.endCode()
}

// showLate reads what a cell shows behind its end.
func (l *live) showLate() {
	l.t.Helper()
	id := l.do(200, "POST", "/code", `{"code":"show late","language":"python","comms":true}`).execution()
	l.ended <- struct{}{}
	l.until("/executions/"+id, `"late_events":8`)
	l.contains(l.do(200, "GET", "/executions/"+id+"?view=folded", "").body, `"output_type":"execute_result"`, `"name":"stdout"`)
	l.refused(400, "INVALID_REQUEST_BODY", "GET", "/executions/"+id+"?view=x", "")
	late := l.do(200, "GET", "/executions/"+id+"/late", "").body
	l.contains(late, `"type":"comm","timestamp"`, `"buffers":["AP8="]`, `"status":"error_shown"`)
	l.do(200, "GET", "/executions/"+id+"/late?after=7", "")
	l.do(204, "GET", "/executions/"+id+"/late?after=8", "")
	l.refused(400, "INVALID_REQUEST_BODY", "GET", "/executions/"+id+"/late?follow=perhaps", "")
	l.refused(400, "INVALID_REQUEST_BODY", "GET", "/executions/"+id+"/late?after=-1", "")
}

// answerCode answers what code asks for.
func (l *live) answerCode() {
	l.t.Helper()
	id := l.begin("/code", `{"code":"ask secret?\nask more?","language":"python","stdin":true}`)
	text := []string{"Content-Type", "application/octet-stream"}
	l.until("/executions/"+id, `"last_event":2`)
	l.do(200, "POST", "/executions/"+id+"/stdin", "sesame\r\n", text...)
	l.until("/executions/"+id, `"last_event":4`)
	l.do(200, "POST", "/executions/"+id+"/stdin?eof=true", "")
	l.contains(l.events(id), `"status":"stdin_requested","prompt":"secret?","password":true`, `"text":"sesame"`, `"text":"\u0004"`)
	l.refused(409, "NOT_RUNNING", "POST", "/executions/"+id+"/stdin", "x", text...)
}

func (l *live) useContexts() {
	l.t.Helper()
	dir, _ := json.Marshal(l.t.TempDir()) //nolint:errchkjson // never fails
	made := l.do(200, "POST", "/code/context", fmt.Sprintf(`{"language":"python","cwd":%s,"envs":{"A":"b"}}`, dir))
	var context struct{ ID string }
	if err := json.Unmarshal([]byte(made.body), &context); err != nil {
		l.t.Fatal(err)
	}
	l.refused(400, "INVALID_REQUEST_BODY", "POST", "/code/context", `{"language":" "}`)
	l.refused(500, "KERNEL_NOT_INSTALLED", "POST", "/code/context", `{"language":"julia"}`)
	l.do(200, "POST", "/code", fmt.Sprintf(`{"code":"print hi","context":{"id":%q}}`, context.ID))
	l.do(200, "GET", "/code/contexts/"+context.ID, "")
	l.do(200, "GET", "/code/contexts", "")
	l.contains(l.do(200, "POST", "/code/contexts/"+context.ID+"/restart", "").body, context.ID, `"state":"idle"`)
	l.refused(404, "CONTEXT_NOT_FOUND", "POST", "/code/contexts/x/restart", "")
	l.do(200, "DELETE", "/code?id="+context.ID, "")
	l.do(200, "DELETE", "/code/contexts/"+context.ID, "")
	l.refused(404, "CONTEXT_NOT_FOUND", "GET", "/code/contexts/"+context.ID, "")
	l.refused(404, "CONTEXT_NOT_FOUND", "DELETE", "/code/contexts/"+context.ID, "")
	l.refused(400, "MISSING_QUERY", "DELETE", "/code?id=", "")
	l.refused(404, "EXECUTION_NOT_FOUND", "DELETE", "/code?id="+context.ID, "")
	l.do(200, "DELETE", "/code/contexts?language=python", "")
	l.refused(400, "MISSING_QUERY", "DELETE", "/code/contexts", "")
}

// endCode ends cells from outside, and one by the death of its kernel.
func (l *live) endCode() {
	l.t.Helper()
	first := l.begin("/code", `{"code":"hang","language":"python"}`)
	l.until("/executions?kind=code&state=running", first)
	second := l.begin("/code", `{"code":"print hi","language":"python"}`)
	l.until("/executions?kind=code&state=queued", second)
	l.do(200, "GET", "/executions/"+second, "")
	l.do(200, "DELETE", "/executions/"+first, "")
	l.contains(l.events(first), "KeyboardInterrupt", `"reason":"removed"`)
	l.contains(l.events(second), `"status":"queued"`, `"position":1`, `"status":"running"`, "execution_complete")
	l.contains(l.do(200, "POST", "/code", `{"code":"die","language":"python"}`).body, "KernelDied")
	l.contains(l.do(200, "POST", "/code", `{"code":"print hi","language":"python"}`).body, "kernel_restarted")
	l.refused(400, "INVALID_REQUEST_BODY", "GET", "/executions/"+first+"/output", "")
}
