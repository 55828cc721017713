package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// Every line of an execution names it, and the request that began it, whoever made the execution end.
func TestLog_Executions(t *testing.T) {
	t.Parallel()
	envs := filepath.Join(t.TempDir(), "envs")
	must(t, os.WriteFile(envs, []byte("no assignment\n"), 0o600))
	d := startWith(t, []string{"EXECD_ENVS=" + envs}, "--log-level", "7")
	session := post[struct {
		ID string `json:"session_id"`
	}](t, d, "/session", object{}).ID
	d.command(t, object{"command": "true"}, "X-Request-ID", "good")
	d.command(t, object{"command": "exit 3"}, "X-Request-ID", "bad")
	d.command(t, object{"command": "sleep 1000", "timeout": 20}, "X-Request-ID", "late")
	d.call(t, http.MethodPost, "/command", object{"command": "true", "cwd": "/no/such"}, "X-Request-ID", "refused")
	d.call(t, http.MethodPost, "/session/"+session+"/run", object{"command": "true"}, "X-Request-ID", "run")
	for id, want := range map[string]logLine{
		"good":    {Level: "info", Kind: "command", Outcome: "success"},
		"bad":     {Level: "info", Kind: "command", Outcome: "failure"},
		"late":    {Level: "info", Kind: "command", Outcome: "timeout"},
		"refused": {Level: "debug", Kind: "command", Outcome: "refused"},
		"run":     {Level: "info", Kind: "session", Outcome: "success", Context: session},
	} {
		lines := d.loggedAs(t, id, "execution ended")
		got := lines[0]
		want.TS, want.Msg, want.RequestID, want.ExecutionID, want.raw = got.TS, "execution ended", id, got.ExecutionID, got.raw
		if len(lines) != 1 || got != want || got.ExecutionID == "" {
			t.Errorf("%s: %+v, want %+v", id, lines, want)
		}
		begun := d.loggedAs(t, id, "execution begun")
		if len(begun) != 1 || begun[0].ExecutionID != got.ExecutionID {
			t.Errorf("%s: %+v", id, begun)
		}
		if served := d.logged(t, id); served.ExecutionID != got.ExecutionID && id != "refused" {
			t.Errorf("%s: the request is of %q", id, served.ExecutionID)
		}
		warned := d.loggedAs(t, "good", "line 1 is not KEY=VALUE and was skipped")
		if len(warned) != 1 || warned[0].ExecutionID == "" {
			t.Errorf("%+v", warned)
		}
	}
}

// What a handler has to say about a request names it, also where a library calls back.
func TestLog_Handlers(t *testing.T) {
	t.Parallel()
	d := start(t)
	const nobody = "owner=nobody-has-this-name"
	d.ok(t, http.MethodPut, "/files/upload?"+nobody+"&path="+d.dir+"/put", "x", "X-Request-ID", "put")
	made := d.call(t, http.MethodPost, "/files/uploads?"+nobody+"&path="+d.dir+"/tus", nil,
		"X-Request-ID", "tus", "Tus-Resumable", "1.0.0", "Upload-Length", "0")
	if made.status != http.StatusCreated {
		t.Fatalf("%+v", made)
	}
	d.ok(t, http.MethodPost, "/directories", object{d.dir + "/made": object{"owner": "nobody-has-this-name"}}, "X-Request-ID", "made")
	for _, id := range []string{"put", "tus", "made"} {
		for _, l := range d.loggedAs(t, id, "owner not changed") {
			if l.Level != "warn" {
				t.Errorf("%+v", l)
			}
		}
	}
}
