package kerneltest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"execd/kernel/wire"
	"execd/kernel/zmtp"
)

// epoch dates what nobody looks at.
var epoch = time.Unix(0, 0)

// Cell is an execute_request that the fake kernel runs, and what it can do
// about it. Its methods belong to the goroutine that runs the cell.
type Cell struct {
	*Process
	Code  string
	Count int // execution_count

	request request
	replied bool
	idle    bool
}

// Run does what the code says, one command per line:
//
//	print TEXT, stderr TEXT    a stream message; a newline is added
//	result TEXT                execute_result as text/plain
//	flood N SIZE               N stream messages of SIZE bytes each
//	count N TEXT               N stream messages with TEXT and a number from 0
//	error NAME VALUE           the error message and reply
//	quiet NAME VALUE           the error in the reply only
//	hang                       until interrupted: then a KeyboardInterrupt
//	ask PROMPT                 an input_request; what is answered goes to stdout; of a secret, for a password
//	die                        the process exits with status 7
//	abort                      reply aborted, without having run
//	reply, idle                now, instead of at the end
//	noreply, noidle            not at all
//	foreign TEXT               output and idle of somebody else
//	forged TEXT                output with a bad signature
//	late TEXT                  output after reply and idle
//
// Around it are busy and execute_input, the reply with ok, and idle.
func (c *Cell) Run() {
	lines := strings.Split(strings.TrimSpace(c.Code), "\n")
	c.Status("busy")
	if lines[0] != "abort" {
		c.Publish("execute_input", map[string]any{"code": c.Code, "execution_count": c.Count})
	}
	for _, line := range lines {
		command, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !c.do(command, rest) {
			return
		}
		if c.replied && c.idle {
			return
		}
	}
	c.Finish()
}

// do does one command; false ends the cell at once.
func (c *Cell) do(command, rest string) bool {
	switch command {
	case "print":
		c.Stream("stdout", rest+"\n")
	case "stderr":
		c.Stream("stderr", rest+"\n")
	case "result":
		c.Result(rest)
	case "flood":
		c.flood(rest)
	case "count":
		c.tagged(rest)
	case "hang":
		return c.hang()
	case "ask":
		return c.ask(rest)
	case "die":
		c.Exit("exit status 7")
		return false
	case "foreign":
		c.Foreign(rest)
	case "forged":
		c.Forged(rest)
	default:
		c.end(command, rest)
	}
	return true
}

// end does the commands about how the cell ends.
func (c *Cell) end(command, rest string) {
	name, value, _ := strings.Cut(rest, " ")
	switch command {
	case "error":
		c.Error(name, value)
	case "quiet":
		c.Reply(map[string]any{"status": "error", "ename": name, "evalue": value, "traceback": []string{name}})
	case "abort":
		c.Reply(map[string]any{"status": "aborted"})
	case "reply":
		c.ReplyOK()
	case "idle":
		c.Status("idle")
	case "noreply":
		c.replied = true
	case "noidle":
		c.idle = true
	case "late":
		c.Finish()
		c.Stream("stdout", rest+"\n")
	}
}

// Finish sends what has not been sent of reply and idle.
func (c *Cell) Finish() {
	if !c.replied {
		c.ReplyOK()
	}
	if !c.idle {
		c.Status("idle")
	}
}

// Interrupted returns a channel that gets a value with each interrupt.
func (c *Cell) Interrupted() <-chan struct{} { return c.interrupt }

// hang ends with the interrupt, or with the kernel.
func (c *Cell) hang() bool {
	select {
	case <-c.Interrupted():
		c.Error("KeyboardInterrupt", "")
		return true
	case <-c.Done():
		return false
	}
}

// ask asks whatever the request says of allow_stdin, as some kernels do. A
// client may be done with connecting to stdin before this end is.
func (c *Cell) ask(prompt string) bool {
	select {
	case <-c.asked:
	case <-c.Done():
		return false
	}
	b := fmt.Appendf(nil, `{"prompt":%q,"password":%t}`, prompt, strings.Contains(prompt, "secret"))
	m := wire.Message{Header: header("input_request"), Parent: c.request.Header, Content: b}
	c.mu.Lock()
	askers := append([]*zmtp.Conn(nil), c.askers...)
	c.mu.Unlock()
	for _, asker := range askers {
		_ = asker.WriteMessage(wire.NewCodec(c.conn.Key).Encode(m)...)
	}
	select {
	case value := <-c.inputs:
		c.Stream("stdout", value)
		return true
	case <-c.Done():
		return false
	}
}

func (c *Cell) tagged(args string) {
	count, text, _ := strings.Cut(args, " ")
	n, _ := strconv.Atoi(count)
	for i := range n {
		c.Stream("stdout", text+" "+strconv.Itoa(i)+"\n")
	}
}

func (c *Cell) flood(args string) {
	count, size, _ := strings.Cut(args, " ")
	n, _ := strconv.Atoi(count)
	bytes, _ := strconv.Atoi(size)
	text := strings.Repeat("x", max(bytes, 1))
	for range n {
		c.Stream("stdout", text)
	}
}

// Publish sends an iopub message of this cell.
func (c *Cell) Publish(kind string, content any) { c.publish(c.request.Header, kind, content) }

// PublishBinary sends an iopub message with metadata and buffers.
func (c *Cell) PublishBinary(kind string, metadata, content any, buffers ...[]byte) {
	m := wire.Message{Type: kind, Parent: c.request.Header, Buffers: buffers}
	m.Metadata, _ = json.Marshal(metadata)
	m.Content, _ = json.Marshal(content)
	c.publishRaw(c.conn.Key, m)
}

// Status publishes the execution state.
func (c *Cell) Status(state string) {
	c.Publish("status", map[string]any{"execution_state": state})
	c.idle = c.idle || state == "idle"
}

// Stream publishes text on stdout or stderr.
func (c *Cell) Stream(name, text string) {
	c.Publish("stream", map[string]any{"name": name, "text": text})
}

// Result publishes the value of the cell.
func (c *Cell) Result(text string) {
	c.Publish("execute_result", map[string]any{
		"data": map[string]any{"text/plain": text}, "metadata": map[string]any{}, "execution_count": c.Count,
	})
}

// Error publishes an error and replies with it.
func (c *Cell) Error(name, value string) {
	content := map[string]any{"ename": name, "evalue": value, "traceback": []string{fmt.Sprintf("%s: %s", name, value)}}
	c.Publish("error", content)
	content["status"], content["execution_count"] = "error", c.Count
	c.Reply(content)
}

// Reply sends an execute_reply with any content.
func (c *Cell) Reply(content any) {
	c.answer(c.request, "execute_reply", content)
	c.replied = true
}

// ReplyOK sends the reply of a cell without error.
func (c *Cell) ReplyOK() {
	c.Reply(map[string]any{"status": "ok", "execution_count": c.Count, "payload": []any{}, "user_expressions": map[string]any{}})
}

// Foreign publishes output and idle of a request that is not ours.
func (c *Cell) Foreign(text string) {
	parent := wire.Header("other", "other_1", "execute_request", epoch)
	c.publish(parent, "stream", map[string]any{"name": "stdout", "text": text})
	c.publish(parent, "status", map[string]any{"execution_state": "idle"})
}

// Forged publishes output of this cell that is signed with another key.
func (c *Cell) Forged(text string) {
	content := []byte(`{"name":"stdout","text":` + strconv.Quote(text) + `}`)
	c.publishRaw("not the key", wire.Message{Type: "stream", Parent: c.request.Header, Content: content})
}
