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
	conn, resp, err := dialer.Dial("ws://"+d.addr+"/pty/"+id+"/ws?"+query, http.Header{"X-Execd-Access-Token": {d.token}})
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
