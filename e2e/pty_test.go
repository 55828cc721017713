package e2e_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

func TestPTY_TypeAndSee(t *testing.T) {
	d := start(t)
	id := d.terminal(t, object{"cwd": d.dir + "/made/here"})
	v := d.view(t, id, "")
	v.types("stty size; pwd; echo ${TERM:+set} $((40+2))\n")
	v.shows("24 80\r\n" + d.dir + "/made/here\r\nset 42\r\n")
	v.says(`{"type":"resize","cols":132,"rows":50}`)
	v.says(`{"type":"stdin","data":"until [ \"$(stty size)\" = '50 132' ]; do :; done; echo re''sized\n"}`)
	v.shows("resized\r\n")
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
	eventually(t, "the terminal is free", func() bool {
		state := get[object](t, d, "/pty/"+id)
		running, held := state["running"].(bool), state["held"].(bool)
		return !running && !held
	})
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
	said := func(notice) bool { return v.text[2] == "err\n" || strings.Contains(v.text[0], "err\n") } // or before it came
	if !said(notice{}) {
		v.until("stderr", said)
	}
	v.says(`{"type":"signal","signal":"SIGTERM"}`)
	v.ends(143)
	if got := strings.Replace(v.text[0]+v.text[2], "err\n", "", 1) + v.text[1]; got != "no terminal\ntyped\n" {
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
	eventually(t, "the seat is free", func() bool { return !get[object](t, d, "/pty/"+id)["held"].(bool) })
	again := d.view(t, id, fmtSince(offset))
	again.types("echo af''ter\n")
	again.shows("after")
	if strings.Contains(again.text[0], "still kept") {
		t.Errorf("replay from %d on: %q", offset, again.text[0])
	}
	again.types("exit\n")
	again.ends(0)
	watching.ends(0)
	eventually(t, "the seat is free again", func() bool { return !get[object](t, d, "/pty/"+id)["held"].(bool) })
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
	for _, body := range []any{"{", object{"command": "echo a\x00b"}, object{"envs": object{"A=B": "x"}}} {
		d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodPost, "/pty", body)
	}
}

// What a process of the terminal has left behind ends with the terminal, also when the process ended long before.
func TestPTY_EndsWithLeftovers(t *testing.T) {
	for _, query := range []string{"", "?pty=0"} {
		d := start(t)
		id := d.terminal(t, object{"command": detached("left") + "; rm left; sleep 1000 & exit 0"})
		d.view(t, id, query).ends(0)
		if len(d.children()) == 0 {
			t.Fatal("nothing is left behind")
		}
		d.empty(t, http.MethodDelete, "/pty/"+id, nil)
		if left := d.children(); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	}
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
