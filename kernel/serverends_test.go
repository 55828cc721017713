package kernel_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"execd/kernel"
)

// reply answers a cell with a status, and an error where it is one.
func (s *fakeSocket) reply(m fakeMessage, status string) {
	s.say("shell", "execute_reply", m.Header, map[string]any{"status": status, "execution_count": 1, "ename": "E", "evalue": "v"})
}

var serverEnds = map[string]struct {
	cell   func(*fakeSocket, fakeMessage)
	stdout string
	want   kernel.Result
}{
	"Reply first": {
		func(s *fakeSocket, m fakeMessage) {
			s.reply(m, "ok")
			s.print(m, "behind the reply")
			s.status(m, "idle")
		}, "behind the reply", kernel.Result{Status: kernel.StatusOK, ExecutionCount: 1},
	},
	"Idle first": {
		func(s *fakeSocket, m fakeMessage) {
			s.status(m, "idle")
			s.reply(m, "ok")
		}, "", kernel.Result{Status: kernel.StatusOK, ExecutionCount: 1},
	},
	"Two replies": {
		func(s *fakeSocket, m fakeMessage) {
			s.reply(m, "ok")
			s.reply(m, "error")
			s.print(m, "once")
			s.status(m, "idle")
		}, "once", kernel.Result{Status: kernel.StatusOK, ExecutionCount: 1},
	},
	"Two idles": {
		func(s *fakeSocket, m fakeMessage) {
			s.status(m, "idle")
			s.status(m, "idle")
			s.reply(m, "error")
		}, "", kernel.Result{Status: kernel.StatusError, EName: "E", EValue: "v", ExecutionCount: 1},
	},
	"No idle": {
		func(s *fakeSocket, m fakeMessage) { s.reply(m, "ok") }, "",
		kernel.Result{Status: kernel.StatusOK, ExecutionCount: 1, Err: kernel.ErrNoIdle},
	},
	"No reply": {
		func(s *fakeSocket, m fakeMessage) { s.status(m, "idle") }, "",
		kernel.Result{Status: kernel.StatusError, EName: "KernelReplyLost", EValue: kernel.ErrNoReply.Error(), Err: kernel.ErrNoReply},
	},
	"Aborted": {
		func(s *fakeSocket, m fakeMessage) {
			s.reply(m, "aborted")
			s.status(m, "idle")
		}, "", kernel.Result{Status: kernel.StatusAborted, ExecutionCount: 1},
	},
}

// TestServer_Ends: the ends of TestKernel_Ends and TestKernel_MissingHalf, by way of a server.
func TestServer_Ends(t *testing.T) {
	for name, test := range serverEnds {
		t.Run(name, func(t *testing.T) {
			var cells atomic.Int64
			f := plainFake(t, &fakeJupyter{execute: func(s *fakeSocket, m fakeMessage) {
				if cells.Add(1) > 1 {
					s.print(m, "next")
					s.finish(m)
					return
				}
				test.cell(s, m)
			}})
			k := f.kernel(t, kernel.ServerConfig{Grace: short})
			r, got := execute(t, k, "1")
			if !errors.Is(got.Err, test.want.Err) {
				t.Errorf("error %v, want %v", got.Err, test.want.Err)
			}
			got.Err, test.want.Err = nil, nil
			if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", test.want) || r.text("stdout") != test.stdout {
				t.Errorf("%+v %q, want %+v %q", got, r.text("stdout"), test.want, test.stdout)
			}
			if r := ok(t, k, "2"); r.text("stdout") != "next" { // the kernel is none the worse for it
				t.Errorf("then %q", r.text("stdout"))
			}
		})
	}
}

// TestServer_RetriesForTslab: tslab refuses the cell behind an error, which is sent again, once.
func TestServer_RetriesForTslab(t *testing.T) {
	var cells atomic.Int64
	f := plainFake(t, &fakeJupyter{
		before: func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, "/api/kernelspecs") {
				return false
			}
			_, _ = w.Write([]byte(`{"default":"tslab","kernelspecs":{"tslab":{"spec":{"language":"typescript","argv":["tslab","kernel"]}}}}`))
			return true
		},
		execute: func(s *fakeSocket, m fakeMessage) {
			if n := cells.Add(1); n == 2 || n == 3 {
				s.print(m, "never of one that goes on")
			} else if n == 1 {
				s.say("shell", "execute_reply", m.Header, map[string]any{"status": "abort"})
				s.status(m, "idle")
				return
			}
			s.finish(m)
		},
	})
	k := start(t, newServer(t, kernel.ServerConfig{URL: f.URL}), kernel.StartSpec{Language: "ts"})
	if r, got := execute(t, k, "1"); got.Status != kernel.StatusOK || r.text("stdout") != "never of one that goes on" || cells.Load() != 2 {
		t.Errorf("%+v %q after %d requests", got, r.text("stdout"), cells.Load())
	}
}
