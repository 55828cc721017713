package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// useTerminals does with terminals what can be done with them.
func useTerminals(t *testing.T, c *contract) {
	t.Helper()
	l := newLive(t, c)
	made := l.do(201, "POST", "/pty", `{"command":"echo shown; read x; exit 3","cwd":null}`, "Idempotency-Key", "k")
	l.refused(422, "IDEMPOTENCY_KEY_REUSED", "POST", "/pty", `{}`, "Idempotency-Key", "k")
	l.do(201, "POST", "/pty", "")
	l.refused(400, "INVALID_REQUEST_BODY", "POST", "/pty", `{"cwd":1}`)
	l.refused(400, "INVALID_REQUEST_BODY", "POST", "/pty", `{"cwd":"$NOT_SET_ANYWHERE"}`)
	var terminal struct {
		ID string `json:"session_id"`
	}
	if err := json.Unmarshal([]byte(made.body), &terminal); err != nil {
		t.Fatal(err)
	}
	one := "/pty/" + terminal.ID
	l.contains(l.do(200, "GET", one, "").body, `"running":false`)
	l.connect(one + "/ws")
	l.do(200, "GET", "/pty", "")
	l.do(200, "DELETE", one, "")
	l.refused(404, "CONTEXT_NOT_FOUND", "GET", one, "")
	l.refused(404, "CONTEXT_NOT_FOUND", "DELETE", one, "")
	l.refused(404, "CONTEXT_NOT_FOUND", "GET", one+"/ws", "")
}

// connect types on a terminal until its process ends.
func (l *live) connect(path string) {
	l.t.Helper()
	conn, resp, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(l.server.URL, "http")+path, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	defer conn.Close()
	_ = resp.Body.Close()
	l.c.seen["GET /pty/{id}/ws 101"] = resp.StatusCode == http.StatusSwitchingProtocols
	for kind := 0; kind != websocket.TextMessage; {
		if kind, _, err = conn.ReadMessage(); err != nil {
			l.t.Fatal(err)
		}
	}
	l.refused(409, "ALREADY_CONNECTED", "GET", path, "")
	l.refused(400, "INVALID_REQUEST_BODY", "GET", path+"?role=observer", "") // no WebSocket
	l.refused(400, "INVALID_REQUEST_BODY", "GET", path+"?role=owner", "")
	l.contains(l.do(200, "GET", strings.TrimSuffix(path, "/ws"), "").body, `"running":true`, `"held":true`)
	if err := conn.WriteMessage(websocket.BinaryMessage, []byte("\x00\n")); err != nil {
		l.t.Fatal(err)
	}
	var exit string
	for {
		kind, b, err := conn.ReadMessage()
		if websocket.IsCloseError(err, websocket.CloseNormalClosure) {
			break
		}
		if err != nil {
			l.t.Fatal(err)
		}
		if kind == websocket.TextMessage {
			exit = string(b)
		}
	}
	if exit != `{"type":"exit","exit_code":3}` {
		l.t.Errorf("the last frame is %s", exit)
	}
}
