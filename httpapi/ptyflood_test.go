//go:build unix

package httpapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"execd/httpapi"
	"execd/kernel/kerneltest"
)

// One who takes less than the terminal shows is answered all the same, and sent away where somebody takes the seat: not
// behind all of it, which may never end; whether it is new, or a replay.
func TestPTY_AnsweredInAFlood(t *testing.T) {
	t.Parallel()
	server := serveSystem(t, &kerneltest.Fake{}, httpapi.Config{WriteTimeout: time.Hour})
	ready := filepath.Join(t.TempDir(), "ready")
	const shown = 32_000_000 // much more than all buffers on the way
	path := makeTerminal(t, server, fmt.Sprintf("yes | head -c %d; touch %s; read line", shown, ready))
	first := &floodedViewer{t: t, conn: connectTerminal(t, server, path+"?pty=0", 1<<20)}
	awaitFile(t, ready)
	first.ping()
	first.until("pong")
	second := &floodedViewer{t: t, conn: connectTerminal(t, server, path+"?takeover=1", 1<<20)}
	first.until("TAKEN_OVER")
	second.ping()
	second.until("pong")
	for name, v := range map[string]*floodedViewer{"the holder": first, "the one who took over": second} {
		if v.seen >= shown {
			t.Errorf("%s was answered behind all %d bytes", name, v.seen)
		}
	}
}

// floodedViewer is a client of a terminal that shows much.
type floodedViewer struct {
	t    *testing.T
	conn *websocket.Conn
	seen int
}

func (v *floodedViewer) ping() {
	v.t.Helper()
	if err := v.conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"ping"}`)); err != nil {
		v.t.Fatal(err)
	}
}

// until reads up to a message of a type, or the close with that reason.
func (v *floodedViewer) until(what string) {
	v.t.Helper()
	if err := v.conn.SetReadDeadline(time.Now().Add(ptyPatience)); err != nil {
		v.t.Fatal(err)
	}
	for {
		kind, b, err := v.conn.ReadMessage()
		var closed *websocket.CloseError
		if errors.As(err, &closed) && closed.Code == 4001 && closed.Text == what {
			return
		}
		if err != nil {
			v.t.Fatalf("no %q: %v, behind %d bytes", what, err, v.seen)
		}
		if kind == websocket.BinaryMessage {
			v.seen += len(b)
			continue
		}
		var m struct {
			Type string `json:"type"`
		}
		if json.Unmarshal(b, &m) == nil && m.Type == what {
			return
		}
	}
}
