package e2e_test

import (
	endian "encoding/binary"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// viewer is a client of a terminal.
type viewer struct {
	tb     testing.TB
	conn   *websocket.Conn
	events chan notice
	text   [3]string // of replay, stdout and stderr, in this order
	first  int64     // offset of the replay
}

// notice is a text frame, or the end of the connection.
type notice struct {
	Type, Mode, Code, Error, Signal string
	SessionID                       string `json:"session_id"`
	Execution                       string `json:"execution_id"`
	ExitCode                        *int   `json:"exit_code"`
	stream                          int    // of a binary frame: 1 to 3, of which data is the rest
	data                            []byte
	closed                          int // close code, -1 without one
}

func (d *daemon) terminal(tb testing.TB, body any) string {
	tb.Helper()
	a := d.call(tb, http.MethodPost, "/pty", body)
	if a.status != http.StatusCreated {
		tb.Fatalf("POST /pty: %d %s", a.status, a.body)
	}
	return decode[notice](tb, a).SessionID
}

// view connects to a terminal, and waits until it is told so.
func (d *daemon) view(tb testing.TB, id, query string) *viewer {
	tb.Helper()
	v := d.dialTerminal(tb, id, query)
	v.until("connected", func(n notice) bool { return n.Type == "connected" })
	return v
}

func (d *daemon) dialTerminal(tb testing.TB, id, query string) *viewer {
	tb.Helper()
	dialer := websocket.Dialer{HandshakeTimeout: patience}
	conn, resp, err := dialer.Dial("ws://"+d.addr+"/pty/"+id+"/ws?"+query, nil)
	if err != nil {
		tb.Fatalf("connect: %v", err)
	}
	_ = resp.Body.Close()
	v := &viewer{tb: tb, conn: conn, events: make(chan notice, 1024), first: -1}
	done := make(chan struct{})
	go func() {
		defer close(done)
		v.read()
	}()
	tb.Cleanup(func() {
		_ = conn.Close()
		for open := true; open; { // until the reader is done
			_, open = <-v.events
		}
		<-done
	})
	return v
}

func (v *viewer) read() {
	defer close(v.events)
	for {
		kind, b, err := v.conn.ReadMessage()
		if err != nil {
			n := notice{closed: -1}
			if e, ok := err.(*websocket.CloseError); ok { //nolint:errorlint // the library returns it as it is
				n.closed, n.Error = e.Code, e.Text
			}
			v.events <- n
			return
		}
		var n notice
		if kind == websocket.BinaryMessage {
			n.stream, n.data = int(b[0]), b[1:]
		} else if err := json.Unmarshal(b, &n); err != nil {
			n.Error = err.Error()
		}
		v.events <- n
	}
}

// until takes what comes until a frame is the one.
func (v *viewer) until(what string, is func(notice) bool) notice {
	v.tb.Helper()
	late := time.After(patience)
	for {
		select {
		case n, ok := <-v.events:
			if !ok {
				v.tb.Fatalf("%s: the connection is over; got %q", what, v.text)
			}
			v.keep(n)
			if is(n) {
				return n
			}
		case <-late:
			v.tb.Fatalf("%s: it does not come; got %q", what, v.text)
		}
	}
}

func (v *viewer) keep(n notice) {
	switch n.stream {
	case 3:
		at := int64(endian.BigEndian.Uint64(n.data))
		if v.first < 0 {
			v.first = at
		}
		if at != v.first+int64(len(v.text[0])) {
			v.tb.Errorf("replay of %d after %d bytes from %d on", at, len(v.text[0]), v.first)
		}
		v.text[0] += string(n.data[8:])
	case 1, 2:
		v.text[n.stream] += string(n.data)
	}
}

// shows waits for a text on stdout.
func (v *viewer) shows(text string) {
	v.tb.Helper()
	if strings.Contains(v.text[1], text) {
		return
	}
	v.until(text, func(notice) bool { return strings.Contains(v.text[1], text) })
}

func (v *viewer) types(text string) {
	v.tb.Helper()
	must(v.tb, v.conn.WriteMessage(websocket.BinaryMessage, append([]byte{0}, text...)))
}

func (v *viewer) says(text string) {
	v.tb.Helper()
	must(v.tb, v.conn.WriteMessage(websocket.TextMessage, []byte(text)))
}

// ends waits for the exit frame and the close behind it.
func (v *viewer) ends(code int) {
	v.tb.Helper()
	n := v.until("exit", func(n notice) bool { return n.Type == "exit" || n.closed != 0 })
	if n.Type != "exit" || n.ExitCode == nil || *n.ExitCode != code {
		v.tb.Fatalf("ended with %+v, want exit code %d", n, code)
	}
	n = v.until("close", func(n notice) bool { return n.closed != 0 })
	if n.closed != websocket.CloseNormalClosure || n.Error != "process exited" {
		v.tb.Errorf("closed with %d %q", n.closed, n.Error)
	}
}

func TestPTY_TypeAndSee(t *testing.T) {
	d := start(t)
	id := d.terminal(t, object{"cwd": d.dir + "/made/here"})
	v := d.view(t, id, "")
	v.types("stty size; pwd; echo ${TERM:+set} $((40+2))\n")
	v.shows("24 80\r\n" + d.dir + "/made/here\r\nset 42\r\n")
	v.says(`{"type":"resize","cols":132,"rows":50}`)
	v.says(`{"type":"stdin","data":"stty size\n"}`)
	v.shows("50 132\r\n")
	v.says(`{"type":"ping"}`)
	v.until("pong", func(n notice) bool { return n.Type == "pong" })
	for _, bad := range []string{`{"type":"nonsense"}`, `{`, `{"type":"resize"}`, `{"type":"signal","signal":"SIGNOTHING"}`} {
		v.says(bad)
		v.until(bad, func(n notice) bool { return n.Type == "error" && n.Code == "INVALID_FRAME" })
	}
	must(t, v.conn.WriteMessage(websocket.BinaryMessage, []byte{9, 'x'}))
	v.until("frame 9", func(n notice) bool { return n.Code == "INVALID_FRAME" })
	v.types("sh -c 'echo st''arted; exec sleep 600'\n")
	v.shows("started")
	v.types("\x03")
	v.types("echo in''terrupted $?\n")
	v.shows("interrupted 130")
	v.types("sh -c 'trap \"echo ca''ught\" USR1; echo wai''ting; read x'\n")
	v.shows("waiting")
	v.says(`{"type":"signal","signal":"SIGUSR1"}`)
	v.shows("caught")
	v.types("\nexit 7\n")
	v.ends(7)
	state := get[object](t, d, "/pty/"+id)
	if state["running"] == true || state["held"] == true {
		t.Errorf("%v", state)
	}
}

func TestPTY_AllOutputBeforeTheExit(t *testing.T) {
	d := start(t)
	for range 10 {
		v := d.view(t, d.terminal(t, object{"command": "seq 5000; printf end"}), "")
		v.ends(0)
		if got := v.text[0] + v.text[1]; strings.Count(got, "\n") != 5000 || !strings.HasSuffix(got, "5000\r\nend") {
			t.Fatalf("%d lines, the last %q", strings.Count(got, "\n"), tail(got, 20))
		}
	}
}

func TestPTY_Pipes(t *testing.T) {
	d := start(t)
	v := d.view(t, d.terminal(t, object{"command": "test -t 0 || echo no terminal; echo err >&2; cat; exit 3"}), "pty=0")
	v.types("typed\n")
	v.shows("typed\n")
	if v.text[2] == "" {
		v.until("stderr", func(notice) bool { return v.text[2] != "" })
	}
	v.says(`{"type":"signal","signal":"SIGTERM"}`)
	v.ends(143)
	if v.text[0]+v.text[1] != "no terminal\ntyped\n" || v.text[2] != "err\n" {
		t.Errorf("%q", v.text)
	}
}

func TestPTY_HolderTakeoverObservers(t *testing.T) {
	d := start(t)
	id := d.terminal(t, object{})
	first := d.view(t, id, "")
	first.types("x=kept; echo fi''rst\n")
	first.shows("first")
	d.fails(t, http.StatusConflict, "ALREADY_CONNECTED", http.MethodGet, "/pty/"+id+"/ws", nil,
		"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
	watching := d.view(t, id, "role=observer")
	if !strings.Contains(watching.text[0], "first") {
		t.Errorf("the replay has %q", watching.text[0])
	}
	watching.types("echo no\n")
	watching.until("refusal", func(n notice) bool { return n.Code == "READ_ONLY" })
	second := d.view(t, id, "takeover=1")
	if n := first.until("close", func(n notice) bool { return n.closed != 0 }); n.closed != 4001 || n.Error != "TAKEN_OVER" {
		t.Errorf("closed with %d %q", n.closed, n.Error)
	}
	second.types("echo st''ill $x\n")
	second.shows("still kept")
	watching.shows("still kept")
	offset := int64(get[object](t, d, "/pty/"+id)["output_offset"].(float64))
	_ = second.conn.Close()
	eventually(t, "the seat is free", func() bool { return get[object](t, d, "/pty/"+id)["held"] != true })
	again := d.view(t, id, fmtSince(offset))
	again.types("echo af''ter\n")
	again.shows("after")
	if strings.Contains(again.text[0], "still kept") {
		t.Errorf("replay from %d on: %q", offset, again.text[0])
	}
	again.types("exit\n")
	again.ends(0)
	watching.ends(0)
	restarted := d.view(t, id, fmtSince(offset))
	restarted.types("echo [$x]; exit 4\n")
	restarted.shows("[]")
	restarted.ends(4)
}

func fmtSince(offset int64) string {
	b, _ := json.Marshal(offset) // a number never fails
	return "since=" + string(b)
}

// A viewer that reads nothing holds up neither the terminal nor others.
func TestPTY_StalledViewer(t *testing.T) {
	d := start(t)
	id := d.terminal(t, object{"command": "read x; seq 300000; echo done"})
	v := d.view(t, id, "")
	stalled, resp, err := websocket.DefaultDialer.Dial("ws://"+d.addr+"/pty/"+id+"/ws?role=observer", nil)
	must(t, err)
	_ = resp.Body.Close()
	defer stalled.Close()
	v.types("\n")
	v.ends(0)
	if !strings.HasSuffix(v.text[1], "300000\r\ndone\r\n") || strings.Count(v.text[1], "\n") < 300000 {
		t.Errorf("%d bytes, the last %q", len(v.text[1]), tail(v.text[1], 40))
	}
}

func TestPTY_EndsWithEverything(t *testing.T) {
	d := start(t)
	id := d.terminal(t, object{})
	v := d.view(t, id, "")
	v.types("setsid sleep 600 & nohup sleep 600 >/dev/null 2>&1 & echo re''ady\n")
	v.shows("ready")
	eventually(t, "three processes", func() bool { return len(d.children()) >= 1 })
	d.empty(t, http.MethodDelete, "/pty/"+id, nil)
	v.until("close", func(n notice) bool { return n.closed != 0 })
	if left := d.children(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	d.fails(t, http.StatusNotFound, "CONTEXT_NOT_FOUND", http.MethodGet, "/pty/"+id, nil)
	d.fails(t, http.StatusNotFound, "CONTEXT_NOT_FOUND", http.MethodDelete, "/pty/"+id, nil)
	d.fails(t, http.StatusNotFound, "CONTEXT_NOT_FOUND", http.MethodGet, "/pty/"+id+"/ws", nil)
	d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodPost, "/pty", "{")
}

// The process of a terminal is an execution like any other.
func TestPTY_IsAnExecution(t *testing.T) {
	d := start(t)
	id := d.terminal(t, object{"command": "read a; echo got $a; read b; exit 6"})
	v := d.view(t, id, "")
	all := get[[]object](t, d, "/executions?kind=terminal&state=running")
	if len(all) != 1 || all[0]["context_id"] != id {
		t.Fatalf("%v", all)
	}
	run, _ := all[0]["id"].(string)
	d.empty(t, http.MethodPost, "/executions/"+run+"/stdin", "typed\n")
	v.shows("got typed")
	d.ok(t, http.MethodGet, "/executions/"+run+"/wait?for=output&pattern=got+.yped", nil)
	d.empty(t, http.MethodPost, "/executions/"+run+"/stdin", "\n")
	v.ends(6)
	if got := get[object](t, d, "/executions/"+run); got["exit_code"] != float64(6) || got["state"] != "ended" {
		t.Errorf("%v", got)
	}
}
