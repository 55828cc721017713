//go:build unix

package httpapi_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"execd/httpapi"
	"execd/kernel/kerneltest"
)

// A client that is behind, and goes on sending, gets all there is, and the end.
func TestPTY_EndOfOneWhoSends(t *testing.T) {
	t.Parallel()
	server := serveSystem(t, &kerneltest.Fake{}, httpapi.Config{})
	const shown = 12_000_000
	conn := connectTerminal(t, server, makeTerminal(t, server, fmt.Sprintf("yes | head -c %d; exit 3", shown))+"?pty=0", 256<<10)
	if err := conn.SetReadDeadline(time.Now().Add(ptyPatience)); err != nil {
		t.Fatal(err)
	}
	for seen := 0; ; {
		kind, b, err := conn.ReadMessage()
		var closed *websocket.CloseError
		if errors.As(err, &closed) && closed.Code == websocket.CloseNormalClosure && seen == shown {
			return
		}
		if err != nil {
			t.Fatalf("%v behind %d of %d bytes", err, seen, shown)
		}
		if kind == websocket.BinaryMessage && b[0] != 3 {
			seen += len(b) - 1
		} else if kind == websocket.BinaryMessage { // a replay
			seen += len(b) - 9
		}
		_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"ping"}`)) // nobody may hear it any more
	}
}
