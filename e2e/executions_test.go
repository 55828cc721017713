package e2e_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestExecutions_List(t *testing.T) {
	t.Parallel()
	d := start(t)
	if a := d.ok(t, http.MethodGet, "/executions", nil); strings.TrimSpace(a.body) != "[]" {
		t.Errorf("none are %q", a.body)
	}
	g, wait := newGate(t)
	front := d.command(t, "true # "+strings.Repeat("é", 300))[0].Text
	back := d.background(t, "echo begun; "+wait+"; exit 3")
	d.attach(t, back, 0).untilText(t, "begun")
	check := func(query string, want ...string) {
		t.Helper()
		list := get[[]execution](t, d, "/executions"+query)
		var got []string
		for _, x := range list {
			got = append(got, x.ID)
			if len([]rune(x.Content)) > 210 || strings.Contains(x.Content, "\ufffd") {
				t.Errorf("content in the list: %q", x.Content)
			}
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%q lists %v, want %v", query, got, want)
		}
	}
	check("", front, back)
	check("?state=running", back)
	check("?state=ended", front)
	check("?kind=command", front)
	check("?kind=background", back)
	check("?kind=code")
	d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodGet, "/executions?kind=x", nil)
	d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodGet, "/executions?state=x", nil)
	g.open(t)
	d.ended(t, back)
	x := d.execution(t, back)
	if x.Kind != "background" || x.State != "ended" || x.ExitCode == nil || *x.ExitCode != 3 ||
		x.FinishedAt == "" || x.Error != "exit status 3" {
		t.Errorf("%+v", x)
	}
	check("?state=ended&kind=background", back)
}

// Removing what runs ends it; removing what has ended forgets it.
func TestExecutions_Remove(t *testing.T) {
	t.Parallel()
	d := start(t)
	s := d.openCommand(t, "echo begun; sleep 1000")
	s.untilText(t, "begun")
	path := "/executions/" + s.id
	d.empty(t, http.MethodDelete, path, nil)
	want := exitStatus(143, "-1")
	want.signal, want.reason = "SIGTERM", "removed"
	s.rest(t).ends(t, want)
	if x := d.execution(t, s.id); x.State != "ended" || x.Reason != "removed" {
		t.Errorf("%+v", x)
	}
	d.empty(t, http.MethodDelete, path, nil)
	for _, gone := range []string{path, path + "/events", path + "/output", "/command/status/" + s.id} {
		d.fails(t, http.StatusNotFound, "EXECUTION_NOT_FOUND", http.MethodGet, gone, nil)
	}
	d.fails(t, http.StatusNotFound, "EXECUTION_NOT_FOUND", http.MethodDelete, path, nil)
}

func TestExecutions_OutputByOffset(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := d.command(t, "printf '0123456789'")[0].Text
	for _, c := range []struct{ query, want, end string }{
		{"", "0123456789", "10"},
		{"?offset=4", "456789", "10"},
		{"?offset=10", "", "10"},
		{"?offset=99", "", "99"},
	} {
		a := d.ok(t, http.MethodGet, "/executions/"+id+"/output"+c.query, nil)
		if a.body != c.want || a.header.Get("X-Execd-Output-End") != c.end {
			t.Errorf("%q: %q up to %s", c.query, a.body, a.header.Get("X-Execd-Output-End"))
		}
	}
	d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodGet, "/executions/"+id+"/output?offset=-1", nil)
}

func TestExecutions_Limit(t *testing.T) {
	t.Parallel()
	d := start(t, "--max-executions", "2")
	g, wait := newGate(t)
	one, two := d.background(t, wait), d.background(t, wait)
	d.fails(t, http.StatusTooManyRequests, "TOO_MANY_EXECUTIONS", http.MethodPost, "/command", object{"command": "true"})
	g.open(t)
	g.open(t)
	d.ended(t, one)
	d.ended(t, two)
	d.command(t, "true").ends(t, success)
}

func TestDisconnect_Kills(t *testing.T) {
	t.Parallel()
	d := start(t, "--disconnect-grace", "50ms")
	body := object{"command": "echo begun; sleep 1000", "on_disconnect": "kill"}
	g, wait := newGate(t)
	watched := d.openCommand(t, object{"command": "echo begun; " + wait, "on_disconnect": "kill"})
	watched.untilText(t, "begun")
	second := d.attach(t, watched.id, 0)
	second.untilText(t, "begun")
	watched.close() // but somebody else reads

	left := d.openCommand(t, body) // begun later, so that its end is behind the grace of the other
	left.untilText(t, "begun")
	left.close()
	eventually(t, "the end of what nobody reads", func() bool { return d.execution(t, left.id).State == "ended" })
	if x := d.execution(t, left.id); x.Reason != "disconnect" || x.Signal != "SIGTERM" {
		t.Errorf("%+v", x)
	}
	if x := d.execution(t, watched.id); x.State != "running" {
		t.Errorf("what somebody reads has ended: %+v", x)
	}
	g.open(t)
	second.rest(t).ends(t, success)
}
