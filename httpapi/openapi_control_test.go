package httpapi_test

import (
	"encoding/json"
	"fmt"
	"testing"
)

// control waits for commands, writes to them and signals them.
func (l *live) control() {
	l.t.Helper()
	still := l.do(200, "POST", "/command", `{"command":"trap 'exit 5' USR1; cat; sleep 60 & wait","stdin":true,"output":"bytes","wait_ms":1}`)
	l.contains(still.body, `"status":"still running"`)
	id := still.execution()
	bytes := []string{"Content-Type", "application/octet-stream"}
	l.do(200, "POST", "/executions/"+id+"/stdin", "one\ntwo\n", bytes...)
	l.contains(l.do(200, "GET", "/executions/"+id+"/wait?for=output&pattern=t.o", "").body, `"match":"two"`)
	l.refused(408, "WAIT_TIMEOUT", "GET", "/executions/"+id+"/wait?for=exit&timeout_ms=1", "")
	l.refused(400, "INVALID_REQUEST_BODY", "GET", "/executions/"+id+"/wait?for=port&port=0", "")
	l.refused(400, "MISSING_QUERY", "GET", "/executions/"+id+"/wait", "")
	l.refused(400, "INVALID_REQUEST_BODY", "POST", "/executions/"+id+"/stdin?eof=perhaps", "")
	l.refused(400, "INVALID_REQUEST_BODY", "POST", "/executions/"+id+"/signal", `{"signal":"SIGNORE"}`)
	l.do(200, "POST", "/executions/"+id+"/stdin?eof=true", "")
	l.do(200, "POST", "/executions/"+id+"/signal", `{"signal":"usr1"}`)
	l.contains(l.do(200, "GET", "/executions/"+id+"/wait?for=exit", "").body, `"state":"ended"`)
	l.refused(409, "NOT_RUNNING", "POST", "/executions/"+id+"/stdin", "x", bytes...)
	l.refused(409, "NOT_RUNNING", "POST", "/executions/"+id+"/signal", `{"signal":"TERM"}`)
	l.refused(409, "NOT_RUNNING", "GET", "/executions/"+id+"/wait?for=output&pattern=never", "")
}

// useSessions does with sessions what can be done with them.
func useSessions(t *testing.T, c *contract) {
	t.Helper()
	l := newLive(t, c)
	dir, _ := json.Marshal(t.TempDir()) //nolint:errchkjson // never fails
	made := l.do(200, "POST", "/session", fmt.Sprintf(`{"cwd":%s,"envs":{"A":"b"}}`, dir), "Idempotency-Key", "k")
	var session struct {
		ID string `json:"session_id"`
	}
	if err := json.Unmarshal([]byte(made.body), &session); err != nil {
		t.Fatal(err)
	}
	run, one := "/session/"+session.ID+"/run", "/session/"+session.ID
	l.refused(422, "IDEMPOTENCY_KEY_REUSED", "POST", "/session", `{}`, "Idempotency-Key", "k")
	l.do(200, "POST", "/session", "")
	l.contains(l.do(200, "POST", run, `{"command":"x=$A"}`).body, "execution_complete")
	l.contains(l.do(200, "POST", run, `{"command":"echo $x; (exit 4)","cwd":null}`).body, `"text":"b"`, `"exit_code":4`)
	for _, body := range []string{``, `{"command":""}`, `{"command":"true","cwd":"/does/not/exist"}`, `{"command":"true","timeout":-1}`} {
		l.refused(400, "INVALID_REQUEST_BODY", "POST", run, body)
	}
	id := l.begin(run, `{"command":"sleep 60"}`)
	l.until(one, id)
	l.do(200, "GET", "/session", "")
	l.do(200, "GET", "/executions?kind=session", "")
	l.do(200, "DELETE", "/command?id="+id, "")
	l.contains(l.events(id), `"reason":"interrupt"`)
	l.do(200, "DELETE", one, "")
	l.refused(404, "CONTEXT_NOT_FOUND", "GET", one, "")
	l.refused(404, "CONTEXT_NOT_FOUND", "DELETE", one, "")
	l.refused(404, "CONTEXT_NOT_FOUND", "POST", run, `{"command":"true"}`)
}
