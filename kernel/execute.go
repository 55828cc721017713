package kernel

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"execd/kernel/wire"
)

// Execute implements Kernel.
func (s *session) Execute(r Request, h Handler) error {
	if r.AllowStdin && s.stdin == nil {
		return ErrNoStdin
	}
	content, err := executeContent(r)
	if err != nil {
		return err
	}
	e := &execution{owner: s, handler: h, content: content, grace: s.local.cfg.Grace, quirk: s.quirk}
	id, err := s.enlist(e)
	if err != nil {
		return err
	}
	if err := s.sendExecute(id, content); err != nil && s.delist(e) {
		return fmt.Errorf("execute: %w: %w", ErrDead, err)
	}
	return nil
}

// enlist gives e an id and expects messages for it.
func (s *session) enlist(e *execution) (id string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
		return "", fmt.Errorf("execute: %w", s.err)
	case s.closing:
		return "", fmt.Errorf("execute: %w", &endedError{text: "kernel is shutting down"})
	}
	e.id = s.nextID()
	s.running[e.id] = e
	return e.id, nil
}

// delist reports whether e was still there: whether nobody has finished it.
func (s *session) delist(e *execution) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[e.id] != e {
		return false
	}
	delete(s.running, e.id)
	return true
}

// resend runs e once more, under a new id.
func (s *session) resend(e *execution) {
	s.mu.Lock()
	if s.running[e.id] != e {
		s.mu.Unlock()
		return
	}
	delete(s.running, e.id)
	id := s.nextID()
	e.id = id
	s.running[id] = e
	s.mu.Unlock()
	if err := s.sendExecute(id, e.content); err != nil {
		s.lose(fmt.Errorf("shell: %w", err))
	}
}

// find returns the execution a message belongs to, nil for a foreign one.
func (s *session) find(parentID string) *execution {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running[parentID]
}

// received tells whether the kernel is still saying something.
func (s *session) received() int64 { return s.iopub.Received() + s.shell.Received() }

func (s *session) sendExecute(id string, content []byte) error {
	header := wire.Header(s.name, id, "execute_request", time.Now())
	return s.send(s.shell, wire.Message{Header: header, Content: content})
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
func (s *session) Input(text string) error {
	s.mu.Lock()
	asking := s.asking
	s.asking = question{}
	waits := s.running[asking.id] != nil // it may have been interrupted
	s.mu.Unlock()
	if !waits {
		return ErrNoInput
	}
	content, err := json.Marshal(map[string]string{"status": "ok", "value": text})
	if err != nil {
		return fmt.Errorf("encode input: %w", err)
	}
	header := wire.Header(s.name, s.nextID(), "input_reply", time.Now())
	if err := s.send(s.stdin, wire.Message{Header: header, Parent: asking.header, Content: content}); err != nil {
		return fmt.Errorf("send input: %w", err)
	}
	return nil
}

// bySerial sorts executions by the time they were sent. Ids of one session
// differ in their number only, so a shorter one is older.
func bySerial(m map[string]*execution) []*execution {
	ids := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	list := make([]*execution, 0, len(ids))
	for _, id := range ids {
		list = append(list, m[id])
	}
	return list
}
