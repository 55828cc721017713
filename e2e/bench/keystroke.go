package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"time"

	"github.com/creack/pty"
	"github.com/gorilla/websocket"
)

// keystrokeEcho has the terminal itself echo what is typed, with nothing behind it that takes part: cat reads whole
// lines, and no line ends.
var keystrokeEcho = row{
	name:   "keystroke echo of a terminal",
	unit:   "ms",
	target: target{bound: 3, times: true, slow99: true},
	run: func(b *bench) (result, error) {
		value, endValue, err := b.remoteTerminal()
		if err != nil {
			return result{}, err
		}
		defer endValue()
		floor, endFloor, err := bareTerminal()
		if err != nil {
			return result{}, err
		}
		defer endFloor()
		r, err := inTurns(b.few(100, 20), 20, keystroke(value), keystroke(floor))
		r.paired = 0 // is of medians; the target is about the slow ones
		return r, err
	},
}

// keystroke is a probe of the time from a key to its echo. Before each is a pause as between keys, shorter: all have gone
// to sleep in it.
func keystroke(screen io.ReadWriter) probe {
	key, echo := []byte{'x'}, make([]byte, 1)
	return func() (float64, error) {
		time.Sleep(producePeriod)
		start := time.Now()
		if _, err := screen.Write(key); err != nil {
			return 0, fmt.Errorf("type: %w", err)
		}
		_, err := io.ReadFull(screen, echo)
		took := milliseconds(time.Since(start))
		if err == nil && echo[0] != key[0] {
			err = fmt.Errorf("%q was typed, and %q echoed", key, echo)
		}
		return took, err
	}
}

// bareTerminal is cat on a terminal of our own.
func bareTerminal() (screen io.ReadWriter, end func(), err error) {
	cmd := exec.Command("cat")
	master, err := pty.Start(cmd)
	if err != nil {
		return nil, nil, fmt.Errorf("start terminal: %w", err)
	}
	return master, func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()         // likewise
		_ = master.Close()
	}, nil
}

// remoteTerminal is cat on a terminal of the daemon.
func (b *bench) remoteTerminal() (screen io.ReadWriter, end func(), err error) {
	c, err := dial(b.daemon.addr)
	if err != nil {
		return nil, nil, err
	}
	defer c.close()
	if err := c.send(http.MethodPost, "/pty", `{"command":"cat"}`); err != nil {
		return nil, nil, err
	}
	if _, err := c.receive(); err != nil {
		return nil, nil, err
	}
	body, err := c.whole()
	if err != nil {
		return nil, nil, err
	}
	var made struct {
		ID string `json:"session_id"`
	}
	if err := json.Unmarshal(body, &made); err != nil || made.ID == "" {
		return nil, nil, fmt.Errorf("make terminal: %q is none", body)
	}
	conn, resp, err := websocket.DefaultDialer.Dial("ws://"+b.daemon.addr+"/pty/"+made.ID+"/ws", nil)
	if err != nil {
		return nil, nil, fmt.Errorf("connect to terminal: %w", err)
	}
	_ = resp.Body.Close() // has nothing
	w := &webTerminal{conn: conn}
	end = func() {
		_ = conn.Close()
		_ = b.deleteTerminal(made.ID) // the daemon ends soon
	}
	err = w.connected()
	return w, end, err
}

func (b *bench) deleteTerminal(id string) error {
	c, err := dial(b.daemon.addr)
	if err != nil {
		return err
	}
	defer c.close()
	_, err = c.ask(http.MethodDelete, "/pty/"+id, "")
	return err
}

// webTerminal types and sees by the frames of a terminal's socket.
type webTerminal struct {
	conn *websocket.Conn
	seen bytes.Buffer
}

var _ io.ReadWriter = (*webTerminal)(nil)

// connected returns once the terminal has said that it is.
func (w *webTerminal) connected() error {
	for {
		kind, _, err := w.conn.ReadMessage()
		if err != nil {
			return fmt.Errorf("connect to terminal: %w", err)
		}
		if kind == websocket.TextMessage {
			return nil
		}
	}
}

// Write implements io.Writer.
func (w *webTerminal) Write(p []byte) (int, error) {
	const frameStdin = 0
	if err := w.conn.WriteMessage(websocket.BinaryMessage, append([]byte{frameStdin}, p...)); err != nil {
		return 0, fmt.Errorf("send keys: %w", err)
	}
	return len(p), nil
}

// Read implements io.Reader.
func (w *webTerminal) Read(p []byte) (int, error) {
	const frameStdout = 1
	for w.seen.Len() == 0 {
		kind, b, err := w.conn.ReadMessage()
		if err != nil {
			return 0, fmt.Errorf("read screen: %w", err)
		}
		if kind != websocket.BinaryMessage || len(b) == 0 || b[0] != frameStdout {
			return 0, fmt.Errorf("read screen: unexpected frame %q", b)
		}
		w.seen.Write(b[1:])
	}
	return w.seen.Read(p)
}
