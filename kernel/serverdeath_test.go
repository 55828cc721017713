package kernel_test

import (
	"errors"
	"strings"
	"testing"

	"execd/kernel"
)

// TestServer_Died: what a server says of a kernel whose process cannot be seen
// from here.
func TestServer_Died(t *testing.T) {
	for name, test := range map[string]struct {
		kind    string
		content map[string]any
		says    string
		deleted string
	}{
		"Restarted":             {"status", map[string]any{"execution_state": "restarting"}, "empty one in its place", "/api/sessions/s1"},
		"Dead":                  {"status", map[string]any{"execution_state": "dead"}, "could not start another one", "/api/sessions/s1"},
		"Restarted by somebody": {"shutdown_reply", map[string]any{"restart": true}, "was restarted", "/api/sessions/s1"},
		"Shut down by somebody": {"shutdown_reply", map[string]any{"restart": false}, "was shut down on the Jupyter server", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := plainFake(t, &fakeJupyter{execute: func(s *fakeSocket, m fakeMessage) {
				s.print(m, "last words")
				s.say("iopub", test.kind, map[string]any{}, test.content)
			}})
			s := newServer(t, kernel.ServerConfig{URL: f.URL})
			k := start(t, s, kernel.StartSpec{Language: "python"})
			r, result := execute(t, k, "1")
			if result.Status != kernel.StatusDead || !errors.Is(result.Err, kernel.ErrDead) || !strings.Contains(result.Err.Error(), test.says) {
				t.Errorf("%+v", result)
			}
			if got := r.text("stdout"); got != "last words" {
				t.Errorf("stdout %q", got)
			}
			<-k.Done()
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if got := f.deletions(); got != test.deleted {
				t.Errorf("deleted %q", got)
			}
		})
	}
}
