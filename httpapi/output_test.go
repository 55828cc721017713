package httpapi_test

import (
	"bytes"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"execd/actors/event"
	"execd/actors/msg"
	"execd/httpapi"
)

// writer is a supervisor that has one execution, which has written this.
type writer struct {
	log    *event.Log
	output *event.Output
}

func (w writer) Tell(m msg.Message) {
	if q, ok := m.(msg.FindExecution); ok {
		q.Answer(msg.Execution{ID: w.log.ID(), Kind: msg.KindCommand, Log: w.log, Output: w.output})
		return
	}
	if q, ok := m.(msg.ListExecutions); ok {
		q.Answer(make([]msg.Status, 100_000))
		return
	}
	m.Fail(msg.ErrCrashed)
}

func (writer) Done() <-chan struct{} { return nil }

// A client that asks for what was written, or for a long list, and takes nothing is given up, and does not take what it has
// for the whole.
func TestOutput_Stalled(t *testing.T) {
	t.Parallel()
	const size = 32 << 20 // much more than all buffers on the way
	store := event.NewStore(t.TempDir(), event.Limits{}, nil)
	w := writer{store.NewLog("x1"), store.NewOutput("x1")}
	t.Cleanup(func() { w.log.Remove(); w.output.Remove() })
	for range size >> 20 {
		w.output.Write(make([]byte, 1<<20))
	}
	for _, path := range []string{"/executions/x1/output", "/executions/x1/output?stream=stdout", "/executions"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			log := &spotter{text: `"path":"/executions`, spotted: make(chan struct{})}
			server := serveLogged(t, httpapi.Config{Supervisor: w, Log: zerolog.New(log), WriteTimeout: 50 * time.Millisecond})
			r, err := server.Client().Get(server.URL + path)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Body.Close()
			select {
			case <-log.spotted:
			case <-time.After(patience):
				t.Fatal("a client that does not read is still served")
			}
			if n, err := io.Copy(io.Discard, r.Body); err == nil || n >= size {
				t.Errorf("read %d bytes, %v", n, err)
			}
		})
	}
}

// spotter is a log that is waited on for a text.
type spotter struct {
	text    string
	once    sync.Once
	spotted chan struct{}
}

func (s *spotter) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(s.text)) {
		s.once.Do(func() { close(s.spotted) })
	}
	return len(p), nil
}
