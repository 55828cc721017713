package kernel_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gorilla/websocket"

	"execd/kernel"
)

// fakeJupyter is a Jupyter server for what a real one cannot be made to do. It
// has one kernel and speaks the protocol of JSON. Set the hooks before use.
type fakeJupyter struct {
	*httptest.Server

	// before may answer a request itself, and reports whether it has.
	before func(w http.ResponseWriter, r *http.Request) bool

	// execute gets each execute_request; nil means reply and idle.
	execute func(*fakeSocket, fakeMessage)

	process atomic.Value // string: what the kernel process calls itself

	mu      sync.Mutex // guards the rest
	sockets int        // opened so far
	deleted []string
	headers []http.Header
}

type fakeMessage struct {
	Header  map[string]any `json:"header"`
	Parent  map[string]any `json:"parent_header"`
	Content map[string]any `json:"content"`
	Channel string         `json:"channel"`
}

type fakeSocket struct {
	*websocket.Conn
	fake   *fakeJupyter
	number int    // 1 is the first
	name   string // of the session
}

func newFakeJupyter(t *testing.T, f *fakeJupyter, start func(http.Handler) *httptest.Server) *fakeJupyter {
	t.Helper()
	f.process.Store("one process")
	mux := http.NewServeMux()
	answer := func(pattern, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
	}
	answer("GET /api", `{"version":"2.0.0"}`)
	answer("GET /api/contents", `{}`)
	answer("GET /api/kernelspecs", `{"default":"python3","kernelspecs":{"python3":{"spec":{"language":"python","argv":["x"]}}}}`)
	answer("GET /api/sessions", `[]`)
	answer("GET /api/kernels/k1", `{"id":"k1","name":"python3","execution_state":"idle"}`)
	answer("POST /api/sessions", `{"id":"s1","path":"p","kernel":{"id":"k1","name":"python3"}}`)
	mux.HandleFunc("DELETE /api/", func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.deleted = append(f.deleted, r.URL.Path)
		f.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /api/kernels/k1/channels", f.channels)
	f.Server = start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.headers = append(f.headers, r.Header.Clone())
		f.mu.Unlock()
		if f.before == nil || !f.before(w, r) {
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(f.CloseClientConnections)
	t.Cleanup(f.Close)
	return f
}

func plainFake(t *testing.T, f *fakeJupyter) *fakeJupyter {
	t.Helper()
	return newFakeJupyter(t, f, httptest.NewServer)
}

// kernel starts the one kernel.
func (f *fakeJupyter) kernel(t *testing.T, cfg kernel.ServerConfig) kernel.Kernel {
	t.Helper()
	cfg.URL = f.URL
	return start(t, newServer(t, cfg), kernel.StartSpec{Language: "python"})
}

func (f *fakeJupyter) deletions() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.deleted, " ")
}

func (f *fakeJupyter) channels(w http.ResponseWriter, r *http.Request) {
	ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = ws.Close() }()
	f.mu.Lock()
	f.sockets++
	s := &fakeSocket{Conn: ws, fake: f, number: f.sockets, name: r.URL.Query().Get("session_id")}
	f.mu.Unlock()
	for {
		_, b, err := ws.ReadMessage()
		if err != nil {
			return
		}
		var m fakeMessage
		if json.Unmarshal(b, &m) != nil {
			return
		}
		switch kind := m.Header["msg_type"]; {
		case kind == "kernel_info_request":
			s.status(m, "busy")
			s.say("shell", "kernel_info_reply", m.Header, map[string]any{"status": "ok"})
			s.status(m, "idle")
		case kind == "execute_request" && f.execute != nil:
			f.execute(s, m)
		case kind == "execute_request":
			s.finish(m)
		}
	}
}

// say sends the parts in the order in which Jupyter Server does.
func (s *fakeSocket) say(channel, kind string, parent, content map[string]any) {
	_ = s.WriteJSON(struct {
		Header   map[string]any `json:"header"`
		Parent   map[string]any `json:"parent_header"`
		Metadata struct{}       `json:"metadata"`
		Content  map[string]any `json:"content"`
		Channel  string         `json:"channel"`
	}{
		Header: map[string]any{"msg_id": "fake", "msg_type": kind, "session": s.fake.process.Load()},
		Parent: parent, Content: content, Channel: channel,
	})
}

func (s *fakeSocket) status(m fakeMessage, state string) {
	s.say("iopub", "status", m.Header, map[string]any{"execution_state": state})
}

func (s *fakeSocket) print(m fakeMessage, text string) {
	s.say("iopub", "stream", m.Header, map[string]any{"name": "stdout", "text": text})
}

// finish ends a cell well.
func (s *fakeSocket) finish(m fakeMessage) {
	s.say("shell", "execute_reply", m.Header, map[string]any{"status": "ok", "execution_count": 1})
	s.status(m, "idle")
}
