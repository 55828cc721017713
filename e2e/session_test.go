package e2e_test

import (
	"net/http"
	"path/filepath"
	"slices"
	"testing"
)

// session is a bash session of a daemon.
type session struct {
	daemon    *daemon
	ID        string `json:"session_id"`
	Cwd       string
	Running   string
	Queued    int
	CreatedAt string `json:"created_at"`
}

// newSession makes one from a body, which may be nil.
func (d *daemon) newSession(tb testing.TB, body any) *session {
	tb.Helper()
	s := post[session](tb, d, "/session", body)
	s.daemon = d
	return &s
}

// open starts a run. What is wanted may be a string, or an object for further fields.
func (s *session) open(tb testing.TB, wanted any, h ...string) *stream {
	tb.Helper()
	if script, isText := wanted.(string); isText {
		wanted = object{"command": script}
	}
	return s.daemon.open(tb, http.MethodPost, "/session/"+s.ID+"/run", wanted, h...)
}

// run has the session run a command to its end.
func (s *session) run(tb testing.TB, wanted any, h ...string) run {
	tb.Helper()
	return s.open(tb, wanted, h...).complete(tb)
}

// now is what the daemon tells of the session.
func (s *session) now(tb testing.TB) session {
	tb.Helper()
	return get[session](tb, s.daemon, "/session/"+s.ID)
}

func (s *session) remove(tb testing.TB) {
	tb.Helper()
	s.daemon.empty(tb, http.MethodDelete, "/session/"+s.ID, nil)
}

// prints checks what a run prints to stdout, and that it succeeds.
func (s *session) prints(tb testing.TB, script string, want ...string) {
	tb.Helper()
	r := s.run(tb, script)
	if !slices.Equal(r.stdout(), append([]string{}, want...)) {
		tb.Errorf("%q prints %q, want %q; stderr %q", script, r.stdout(), want, r.stderr())
	}
	r.ends(tb, success)
}

// statuses are the status events of a run.
func (r run) statuses() []string {
	found := []string{}
	for _, e := range r.of("status") {
		found = append(found, e.Status)
	}
	return found
}

func TestSession_Create(t *testing.T) {
	t.Parallel()
	d := start(t)
	for _, body := range []any{nil, "", "{}", object{}, object{"cwd": nil, "envs": nil, "more": 1}, "null", `{"cwd":""} behind`} {
		s := d.newSession(t, body)
		if len(s.ID) != 32 || s.Cwd != d.dir || s.Running != "" || s.Queued != 0 {
			t.Errorf("%v: %+v", body, s)
		}
		s.prints(t, "pwd", d.dir)
	}
	dir := filepath.Join(t.TempDir(), "not", "yet there", "ä")
	s := d.newSession(t, object{"cwd": dir, "envs": object{"GIVEN": "a 'b'\n$c"}})
	s.prints(t, `pwd; echo "$GIVEN"; sh -c 'echo "$GIVEN"'`, dir, "a 'b'", "$c", "a 'b'", "$c")
	if len(get[[]session](t, d, "/session")) != 8 {
		t.Errorf("listed: %s", d.ok(t, http.MethodGet, "/session", nil).body)
	}
	for _, body := range []string{"{", `{"cwd":1}`, "[]", `"x"`} {
		d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodPost, "/session", body)
	}
	d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodPost, "/session", object{"cwd": "$NO_SUCH_VARIABLE/x"})
}

func TestSession_HomeAndVariables(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	d := startWith(t, []string{"HOME=" + home, "BASE=" + home + "/base"})
	d.newSession(t, object{"cwd": "~/below"}).prints(t, "pwd", home+"/below")
	s := d.newSession(t, object{"cwd": "$BASE/${BASE}"})
	s.prints(t, "pwd", home+"/base"+home+"/base")
	for cwd, want := range map[string]string{"~": home, "$BASE": home + "/base", "$OWN/base": home + "/base", "../..": "/"} {
		s.run(t, "cd "+home+" && mkdir -p x && cd x").ends(t, success)
		if cwd == "../.." {
			want = filepath.Dir(home)
		}
		r := s.run(t, object{"command": "pwd", "cwd": cwd, "envs": object{"OWN": home}})
		if !slices.Equal(r.stdout(), []string{want}) {
			t.Errorf("%s is %q, want %q", cwd, r.stdout(), want)
		}
	}
}

func TestSession_Refused(t *testing.T) {
	t.Parallel()
	d := start(t)
	s := d.newSession(t, nil)
	path := "/session/" + s.ID + "/run"
	for _, body := range []any{
		"", "{", "{}", object{"command": ""}, object{"command": 1}, object{"command": nil}, object{"code": "true"},
		object{"command": "true", "timeout": -1}, object{"command": "true", "timeout": "1"}, object{"command": "true", "wait_ms": -1},
		object{"command": "true", "cwd": "/nonexistent"}, object{"command": "true", "cwd": "/dev/null"},
		object{"command": "true", "cwd": "$NO_SUCH_VARIABLE"}, object{"command": "true", "output": "words"},
		object{"command": "true", "on_disconnect": "sing"}, object{"command": "true", "stdin": "text"},
		object{"command": "true", "envs": object{"A=B": "x"}}, object{"command": "true", "envs": object{"": "x"}},
		object{"command": "true", "envs": object{"A": "x\x00"}}, object{"command": "a\x00b"},
	} {
		d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodPost, path, body)
	}
	for _, id := range []string{"nobody", d.command(t, "true")[0].Text} {
		d.fails(t, http.StatusNotFound, "CONTEXT_NOT_FOUND", http.MethodPost, "/session/"+id+"/run", object{"command": "true"})
		d.fails(t, http.StatusNotFound, "CONTEXT_NOT_FOUND", http.MethodGet, "/session/"+id, nil)
		d.fails(t, http.StatusNotFound, "CONTEXT_NOT_FOUND", http.MethodDelete, "/session/"+id, nil)
	}
	if x := s.now(t); x.Running != "" || x.Queued != 0 {
		t.Errorf("after all the refusals: %+v", x)
	}
	s.prints(t, "echo fine", "fine")
}
