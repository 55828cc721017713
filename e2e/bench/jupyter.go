package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// jupyter is a Jupyter server of this machine.
type jupyter struct {
	cmd  *exec.Cmd
	addr string
}

const jupyterToken = "of-the-bench"

// startJupyter starts the server that scripts/jupyter-servers.sh installs, for kernels of JUPYTER_PATH.
func (b *bench) startJupyter() (*jupyter, error) {
	if _, err := kernelArgv(); err != nil {
		return nil, err
	}
	out, err := exec.Command("scripts/jupyter-servers.sh").Output()
	servers := strings.TrimSpace(string(out))
	if err != nil || servers == "" {
		return nil, skip("there is no Jupyter server; scripts/jupyter-servers.sh says why")
	}
	home, err := os.MkdirTemp(b.dir, "j")
	if err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	port, err := unusedPort()
	if err != nil {
		return nil, err
	}
	j := &jupyter{addr: fmt.Sprintf("127.0.0.1:%d", port)}
	j.cmd = exec.Command(filepath.Join(servers, "2", "bin", "jupyter-server"), "--no-browser", "--allow-root",
		"--ServerApp.ip=127.0.0.1", fmt.Sprintf("--ServerApp.port=%d", port), "--ServerApp.port_retries=0",
		"--IdentityProvider.token="+jupyterToken, "--ServerApp.root_dir="+home, "--ZMQChannelsWebsocketConnection.limit_rate=False")
	j.cmd.Dir = home
	j.cmd.Env = append(os.Environ(), "HOME="+home, "JUPYTER_RUNTIME_DIR="+home+"/run", "JUPYTER_CONFIG_DIR="+home+"/config",
		"JUPYTER_DATA_DIR="+home+"/data", "IPYTHONDIR="+home+"/ipython")
	ownGroup(j.cmd)
	if err := j.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start Jupyter server: %w", err)
	}
	const again = 50 * time.Millisecond
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(again) {
		if _, err := j.call(http.MethodGet, "/api/kernels", ""); err == nil {
			return j, nil
		}
	}
	j.stop()
	return nil, fmt.Errorf("the Jupyter server does not answer")
}

// call makes a request and returns the answer.
func (j *jupyter) call(method, path, body string) ([]byte, error) {
	c, err := dial(j.addr)
	if err != nil {
		return nil, err
	}
	defer c.close()
	path += "?token=" + jupyterToken
	if err := c.send(method, path, body); err != nil {
		return nil, err
	}
	r, err := c.receive()
	if err != nil {
		return nil, err
	}
	text, err := c.whole()
	if err == nil && r.status >= http.StatusBadRequest {
		err = fmt.Errorf("%s %s: status %d: %s", method, path, r.status, text)
	}
	return text, err
}

// stop ends the server, which ends its kernels.
func (j *jupyter) stop() {
	_ = j.cmd.Process.Signal(os.Interrupt)
	_ = j.cmd.Process.Signal(os.Interrupt) // it asks whether it shall, at the first one
	ended := make(chan struct{})
	go func() {
		_ = j.cmd.Wait() // it was killed
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(stopPatience):
		_ = j.cmd.Process.Kill()
		<-ended
	}
}

var serverLatency = row{
	name:   "Python 1+1 through a Jupyter server, beside a client that connects for each cell",
	unit:   "ms",
	target: target{bound: 0.3, times: true},
	run: func(b *bench) (result, error) {
		j, err := b.startJupyter()
		if err != nil {
			return result{}, err
		}
		defer j.stop()
		s, err := b.startExecd("--jupyter-host", "http://"+j.addr, "--jupyter-token", jupyterToken)
		if err != nil {
			return result{}, err
		}
		defer s.stop()
		c, err := dial(s.addr)
		if err != nil {
			return result{}, err
		}
		defer c.close()
		text, err := j.call(http.MethodPost, "/api/kernels", `{"name":"python3"}`)
		if err != nil {
			return result{}, err
		}
		var made struct{ ID string }
		if err := json.Unmarshal(text, &made); err != nil {
			return result{}, fmt.Errorf("read kernel: %w", err)
		}
		floor := timed(func() error { return j.execute(made.ID, "1+1") })
		return inTurns(b.few(40, 8), 5, runCell(c, onePlusOne), floor)
	},
}

// message is one of the JSON protocol of Jupyter's WebSocket.
type message struct {
	Channel string         `json:"channel"`
	Header  map[string]any `json:"header"`
	Parent  map[string]any `json:"parent_header"`
	Meta    map[string]any `json:"metadata"`
	Content map[string]any `json:"content"`
	Buffers []string       `json:"buffers"`
}

// execute connects to a kernel, runs a cell until its reply and its idle have come, and leaves.
func (j *jupyter) execute(kernel, code string) error {
	session := rand.Text()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	header := http.Header{"Authorization": {"token " + jupyterToken}}
	conn, resp, err := websocket.DefaultDialer.DialContext(ctx, "ws://"+j.addr+"/api/kernels/"+kernel+"/channels?session_id="+session, header)
	if err != nil {
		return fmt.Errorf("connect to kernel: %w", err)
	}
	_ = resp.Body.Close() // it is the connection's
	defer conn.Close()
	id := rand.Text()
	err = conn.WriteJSON(message{
		Channel: "shell", Parent: map[string]any{}, Meta: map[string]any{}, Buffers: []string{},
		Header: map[string]any{
			"msg_id": id, "msg_type": "execute_request", "session": session, "username": "", "version": "5.3",
			"date": time.Now().UTC().Format(time.RFC3339Nano),
		},
		Content: map[string]any{
			"code": code, "silent": false, "store_history": true, "user_expressions": map[string]any{}, "allow_stdin": false,
		},
	})
	for replied, idle := false, false; err == nil && (!replied || !idle); {
		var m message
		if err = conn.ReadJSON(&m); err != nil || m.Parent["msg_id"] != id {
			continue
		}
		replied = replied || m.Header["msg_type"] == "execute_reply"
		idle = idle || m.Header["msg_type"] == "status" && m.Content["execution_state"] == "idle"
	}
	if err != nil {
		return fmt.Errorf("run a cell: %w", err)
	}
	return nil
}

func unusedPort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find port: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // it is one of TCP
	return port, l.Close()               //nolint:wrapcheck // never fails
}
