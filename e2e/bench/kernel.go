package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"execd/kernel/wire"
	"execd/kernel/zmtp"
)

// bareKernel is a Python kernel and the least that is needed to run code in it: the floor of a cell.
type bareKernel struct {
	cmd          *exec.Cmd
	session      string
	serial       int64
	codec        *wire.Codec
	shell, iopub *zmtp.Conn
}

// kernelArgv is the command line of the Python kernel that execd finds too.
func kernelArgv() ([]string, error) {
	for dir := range strings.SplitSeq(os.Getenv("JUPYTER_PATH"), string(filepath.ListSeparator)) {
		found, _ := filepath.Glob(filepath.Join(dir, "kernels", "*", "kernel.json")) // the pattern is right
		for _, file := range found {
			var spec struct {
				Argv     []string `json:"argv"`
				Language string   `json:"language"`
			}
			text, err := os.ReadFile(file)
			if err == nil && json.Unmarshal(text, &spec) == nil && spec.Language == "python" && len(spec.Argv) > 0 {
				return spec.Argv, nil
			}
		}
	}
	return nil, skip("there is no Python kernel in JUPYTER_PATH; make kernel says how to get one")
}

// startKernel starts a kernel and returns when it has run its first cell.
func (b *bench) startKernel() (*bareKernel, error) {
	k, err := b.launchKernel()
	if err != nil {
		return nil, err
	}
	time.Sleep(settleTime) // for the subscription: what is published before it is lost
	if err := k.execute("1+1"); err != nil {
		k.stop()
		return nil, err
	}
	return k, nil
}

// launchKernel starts a kernel on sockets of a directory, as execd does, and returns when it answers.
func (b *bench) launchKernel() (*bareKernel, error) {
	argv, err := kernelArgv()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(b.dir, "k")
	if err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	key, ip := rand.Text(), filepath.Join(dir, "s")
	file := filepath.Join(dir, "connection.json")
	text := fmt.Sprintf(`{"transport":"ipc","ip":%q,"shell_port":1,"iopub_port":2,"stdin_port":3,"control_port":4,"hb_port":5,`+
		`"key":%q,"signature_scheme":"hmac-sha256"}`, ip, key)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("write connection file: %w", err)
	}
	for i := range argv {
		argv[i] = strings.ReplaceAll(argv[i], "{connection_file}", file)
	}
	k := &bareKernel{cmd: exec.Command(argv[0], argv[1:]...), session: rand.Text(), codec: wire.NewCodec(key)}
	k.cmd.Env = append(os.Environ(), "JPY_PARENT_PID="+strconv.Itoa(os.Getpid()))
	ownGroup(k.cmd)
	if err := k.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start kernel: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := k.connect(ctx, ip); err != nil {
		k.stop()
		return nil, err
	}
	return k, nil
}

func (k *bareKernel) connect(ctx context.Context, ip string) (err error) {
	if k.iopub, err = waitDial(ctx, ip+"-2", zmtp.Sub); err != nil {
		return err
	}
	if err := k.iopub.Subscribe(""); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	if k.shell, err = waitDial(ctx, ip+"-1", zmtp.Dealer); err != nil {
		return err
	}
	if _, err := k.request("kernel_info_request", nil); err != nil {
		return err
	}
	_, err = k.reply()
	return err
}

func waitDial(ctx context.Context, address string, kind zmtp.SocketType) (*zmtp.Conn, error) {
	const again = 10 * time.Millisecond
	for {
		c, err := zmtp.Dial(ctx, "unix", address, zmtp.Options{Type: kind})
		if err == nil {
			return c, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("connect to kernel: %w", err)
		case <-time.After(again):
		}
	}
}

// execute runs a cell and returns when its reply and its idle have come, which is when execd calls it over.
func (k *bareKernel) execute(code string) error {
	content := `{"code":` + jsonString(code) +
		`,"silent":false,"store_history":true,"allow_stdin":false,"user_expressions":{},"stop_on_error":true}`
	id, err := k.request("execute_request", []byte(content))
	if err != nil {
		return err
	}
	if err := k.untilIdle(id); err != nil {
		return err
	}
	for {
		m, err := k.reply()
		if err != nil || m.ParentID == id {
			return err
		}
	}
}

func (k *bareKernel) request(kind string, content []byte) (id string, err error) {
	k.serial++
	id = string(wire.AppendID(nil, k.session, k.serial))
	header := wire.Header(k.session, id, kind, time.Now())
	err = k.shell.WriteMessage(k.codec.Encode(wire.Message{Header: header, Content: content})...)
	if err != nil {
		return id, fmt.Errorf("send to kernel: %w", err)
	}
	return id, nil
}

// untilIdle reads what the kernel publishes until it is idle after the request with this id.
func (k *bareKernel) untilIdle(id string) error {
	for {
		m, err := k.read(k.iopub)
		if err != nil {
			return err
		}
		var status struct {
			State string `json:"execution_state"`
		}
		if m.ParentID == id && m.Type == "status" && json.Unmarshal(m.Content, &status) == nil && status.State == "idle" {
			return nil
		}
	}
}

func (k *bareKernel) reply() (wire.Message, error) { return k.read(k.shell) }

func (k *bareKernel) read(c *zmtp.Conn) (wire.Message, error) {
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return wire.Message{}, fmt.Errorf("read from kernel: %w", err)
	}
	frames, err := c.ReadMessage()
	if err != nil {
		return wire.Message{}, fmt.Errorf("read from kernel: %w", err)
	}
	m, err := k.codec.Decode(frames)
	if err != nil {
		return m, fmt.Errorf("read from kernel: %w", err)
	}
	return m, nil
}

func (k *bareKernel) stop() {
	_ = k.cmd.Process.Kill()
	_ = k.cmd.Wait() // it was killed
	for _, c := range []*zmtp.Conn{k.iopub, k.shell} {
		if c != nil {
			_ = c.Close()
		}
	}
}
