package kernel_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"execd/kernel"
	"execd/kernel/wire"
	"execd/kernel/zmtp"
)

// bare is the least that runs a cell: two sockets, one request, and the two
// messages that end it. It decodes and keeps nothing.
type bare struct {
	shell, iopub *zmtp.Conn
	codec        *wire.Codec
	serial       int64
}

// dialBare connects to the kernel that has this connection file.
func dialBare(b *testing.B, file string) *bare {
	b.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	var c struct {
		Transport, IP, Key string
		Shell              int `json:"shell_port"`
		Iopub              int `json:"iopub_port"`
	}
	if err := json.Unmarshal(text, &c); err != nil {
		b.Fatal(err)
	}
	dial := func(port int, o zmtp.Options) *zmtp.Conn {
		network, address := "tcp", net.JoinHostPort(c.IP, strconv.Itoa(port))
		if c.Transport == "ipc" {
			network, address = "unix", c.IP+"-"+strconv.Itoa(port)
		}
		conn, err := zmtp.Dial(context.Background(), network, address, o)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	n := &bare{
		iopub: dial(c.Iopub, zmtp.Options{Type: zmtp.Sub}),
		shell: dial(c.Shell, zmtp.Options{Type: zmtp.Dealer, Identity: []byte("bare")}),
		codec: wire.NewCodec(c.Key),
	}
	if err := n.iopub.Subscribe(""); err != nil {
		b.Fatal(err)
	}
	return n
}

// run sends one cell and returns when its reply and its idle were there.
func (n *bare) run(b *testing.B, code string) {
	b.Helper()
	n.serial++
	id := string(wire.AppendID(nil, "bare", n.serial))
	content, _ := json.Marshal(map[string]any{"code": code, "silent": false, "store_history": false, "allow_stdin": false})
	m := wire.Message{Header: wire.Header("bare", id, "execute_request", time.Now()), Content: content}
	if err := n.shell.WriteMessage(n.codec.Encode(m)...); err != nil {
		b.Fatal(err)
	}
	for over := false; !over; {
		m := n.read(b, n.iopub)
		over = m.ParentID == id && m.Type == "status" && bytes.Contains(m.Content, []byte(`"idle"`))
	}
	for n.read(b, n.shell).ParentID != id {
		continue
	}
}

func (n *bare) read(b *testing.B, c *zmtp.Conn) wire.Message {
	b.Helper()
	frames, err := c.ReadMessage()
	if err != nil {
		b.Fatal(err)
	}
	m, err := n.codec.Decode(frames)
	if err != nil {
		b.Fatal(err)
	}
	return m
}

// BenchmarkExecute compares Kernel.Execute with the bare client on the same
// kernel, turn by turn. The time per operation is of both together; what
// counts are the medians and their ratio, which is to be at most 1.25.
func BenchmarkExecute(b *testing.B) {
	k, dir := python(b, kernel.StartSpec{})
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		b.Fatalf("%v %v", files, err)
	}
	n := dialBare(b, dir+"/"+files[0].Name()+"/connection.json")
	ours := func() {
		r := newRecorder()
		if err := k.Execute(kernel.Request{Code: "1+1"}, r); err != nil {
			b.Fatal(err)
		}
		<-r.done
	}
	theirs := func() { n.run(b, "1+1") }
	ours()
	theirs()
	var took [2][]time.Duration
	for b.Loop() {
		for i, f := range []func(){ours, theirs} {
			begun := time.Now()
			f()
			took[i] = append(took[i], time.Since(begun))
		}
	}
	for _, t := range took {
		slices.Sort(t)
	}
	at := func(i, percent int) float64 { return float64(took[i][len(took[i])*percent/100].Microseconds()) }
	b.ReportMetric(at(0, 50), "µs-p50")
	b.ReportMetric(at(1, 50), "µs-bare-p50")
	b.ReportMetric(at(0, 50)/at(1, 50), "ratio-p50")
	b.ReportMetric(at(0, 99)/at(1, 99), "ratio-p99")
}
