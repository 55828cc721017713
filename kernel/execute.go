package kernel

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"execd/kernel/wire"
)

// Execute implements Kernel.
func (c *client) Execute(r Request, h Handler) error {
	if r.AllowStdin && !c.asks {
		return ErrNoStdin
	}
	content, err := executeContent(r)
	if err != nil {
		return err
	}
	e := &execution{
		owner: c, handler: h, content: content, metadata: r.Metadata, allowStdin: r.AllowStdin, comms: r.Comms,
		grace: c.grace, quirk: c.quirk,
	}
	id, err := c.enlist(e)
	if err != nil {
		return err
	}
	if err := c.sendExecute(e, id, content); err != nil && c.delist(e) {
		return fmt.Errorf("execute: %w: %w", ErrDead, err)
	}
	return nil
}

// enlist gives e an id and expects messages for it.
func (c *client) enlist(e *execution) (id string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.err != nil:
		return "", fmt.Errorf("execute: %w", c.err)
	case c.closing:
		return "", fmt.Errorf("execute: %w", &endedError{text: "kernel is shutting down"})
	}
	e.id = c.nextID()
	c.running[e.id] = e
	return e.id, nil
}

// delist reports whether e was still there: whether nobody has finished it.
func (c *client) delist(e *execution) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running[e.id] != e {
		return false
	}
	delete(c.running, e.id)
	return true
}

// resend runs e once more, under a new id.
func (c *client) resend(e *execution) {
	c.mu.Lock()
	if c.running[e.id] != e {
		c.mu.Unlock()
		return
	}
	delete(c.running, e.id)
	id, content := c.nextID(), e.content
	e.id = id
	c.running[id] = e
	c.mu.Unlock()
	if err := c.sendExecute(e, id, content); err != nil {
		c.transport.lose(fmt.Errorf("shell: %w", err))
	}
}

// find returns the execution a message belongs to, nil for a foreign one.
func (c *client) find(parentID string) *execution {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running[parentID]
}

// received tells whether the kernel is still saying something.
func (c *client) received() int64 { return c.transport.received() }

func (c *client) sendExecute(e *execution, id string, content []byte) error {
	c.heedInsistence()
	m := wire.Message{ID: id, Type: "execute_request", Metadata: e.metadata, Content: content}
	m.Header = wire.Header(c.name, id, m.Type, time.Now())
	if e.rinses {
		return c.transport.send(shellChannel, m)
	}
	return c.sendClean(m)
}

// executeContent builds the content of an execute_request (Jupyter messaging
// documentation, "Execute"). stop_on_error is what makes an error empty the
// queue behind it.
func executeContent(r Request) ([]byte, error) {
	code, err := json.Marshal(r.Code)
	if err != nil {
		return nil, fmt.Errorf("encode code: %w", err)
	}
	b := make([]byte, 0, len(code)+160)
	b = append(append(b, `{"code":`...), code...)
	b = strconv.AppendBool(append(b, `,"silent":`...), r.Silent)
	b = strconv.AppendBool(append(b, `,"store_history":`...), r.StoreHistory)
	b = strconv.AppendBool(append(b, `,"allow_stdin":`...), r.AllowStdin)
	return append(b, `,"user_expressions":{},"stop_on_error":true}`...), nil
}

// question is an input_request.
type question struct {
	id     string // of the execution that asks
	header []byte
}

// Input implements Kernel.
func (c *client) Input(text string) error {
	c.mu.Lock()
	asking := c.asking
	c.asking = question{}
	waits := c.running[asking.id] != nil // it may have been interrupted
	c.mu.Unlock()
	if !waits {
		return ErrNoInput
	}
	return c.sendInput(asking.header, text)
}

// EndOfInput is the answer that says that there is none: jupyter_client sends
// it for an end of file, and ipykernel makes an EOFError of it. There is no
// other refusal: a kernel that has asked waits for a value.
const EndOfInput = "\x04"

// sendInput answers the input_request that has this header.
func (c *client) sendInput(asked []byte, text string) error {
	content, err := json.Marshal(map[string]string{"status": "ok", "value": text})
	if err != nil {
		return fmt.Errorf("encode input: %w", err)
	}
	header := wire.Header(c.name, c.nextID(), "input_reply", time.Now())
	if err := c.transport.send(stdinChannel, wire.Message{Header: header, Parent: asked, Content: content}); err != nil {
		return fmt.Errorf("send input: %w", err)
	}
	return nil
}
