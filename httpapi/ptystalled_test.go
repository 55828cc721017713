//go:build unix

package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/rs/zerolog"

	"execd/httpapi"
	"execd/kernel/kerneltest"
)

// ptyPatience is for megabytes through a terminal, byte by byte, under the race detector.
const ptyPatience = 3 * patience

// A client of a terminal that reads nothing is dropped, one who watches like the one who types. The terminal and all others
// go on, and see all there is.
func TestPTY_StalledIsDropped(t *testing.T) {
	t.Parallel()
	for role, others := range map[string]string{"observer": "holder", "holder": "observer"} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			log := &spotter{text: "terminal client left", spotted: make(chan struct{})}
			server := serveLogged(t, httpapi.Config{
				Supervisor: startSystem(t, &kerneltest.Fake{}),
				Log:        zerolog.New(log), WriteTimeout: 2 * time.Second, // enough for a write to those who read, on a busy machine
			})
			gate := filepath.Join(t.TempDir(), "gate")
			const shown = 8_000_000 // more than all buffers on the way
			path := makeTerminal(t, server,
				fmt.Sprintf("stty raw -echo; until [ -e %s ]; do sleep 0.01; done; yes | head -c %d; head -n 1", gate, shown))
			healthy := watchTerminal(connectTerminal(t, server, path+"?role="+others, 1<<20))
			stalled := connectTerminal(t, server, path+"?role="+role, 4<<10)
			readUntil(t, stalled, `"connected"`)
			if err := os.WriteFile(gate, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			select {
			case <-log.spotted:
			case <-time.After(ptyPatience):
				t.Fatal("the stalled client is not dropped")
			}
			holder := healthy
			if role == "holder" { // the seat is free
				holder = watchTerminal(connectTerminal(t, server, path, 1<<20))
			}
			typeKeys(t, holder.conn, "typed on\n")
			if text := healthy.all(t); !strings.HasSuffix(text, "typed on\n") || strings.Count(text, "y\n") != shown/2 {
				t.Errorf("others saw %d bytes, the last %q", len(text), tailOf(text, 40))
			}
			if holder != healthy {
				if text := holder.all(t); !strings.HasSuffix(text, "typed on\n") || strings.Count(text, "y\n") != shown/2 {
					t.Errorf("the next holder saw %d bytes, the last %q", len(text), tailOf(text, 40))
				}
			}
		})
	}
}

// makeTerminal makes a terminal, and returns the path of its WebSocket.
func makeTerminal(t *testing.T, server *httptest.Server, script string) string {
	t.Helper()
	body, _ := json.Marshal(map[string]string{"command": script}) // never fails
	made, err := server.Client().Post(server.URL+"/pty", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer made.Body.Close()
	var terminal struct {
		ID string `json:"session_id"`
	}
	if err := json.NewDecoder(made.Body).Decode(&terminal); err != nil {
		t.Fatal(err)
	}
	return "/pty/" + terminal.ID + "/ws"
}

func readUntil(t *testing.T, conn *websocket.Conn, text string) {
	t.Helper()
	for {
		_, b, err := conn.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(text)) {
			return
		}
	}
}

// terminalWatch reads what a terminal shows, until its connection ends.
type terminalWatch struct {
	conn *websocket.Conn
	done chan struct{}
	text strings.Builder // once done
}

func watchTerminal(conn *websocket.Conn) *terminalWatch {
	w := &terminalWatch{conn: conn, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		for {
			kind, b, err := conn.ReadMessage()
			if err != nil {
				return
			}
			const replay, replayHead = 3, 9 // and the offset
			if kind == websocket.BinaryMessage && b[0] == replay {
				w.text.Write(b[replayHead:])
			} else if kind == websocket.BinaryMessage {
				w.text.Write(b[1:])
			}
		}
	}()
	return w
}

func (w *terminalWatch) all(t *testing.T) string {
	t.Helper()
	select {
	case <-w.done:
		return w.text.String()
	case <-time.After(ptyPatience):
		t.Fatal("the terminal does not end")
		return ""
	}
}
