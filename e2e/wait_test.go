package e2e_test

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"testing"
)

// met is the answer to one who has waited.
type met struct {
	Met           bool
	Reason, Match string
	EventID       int64 `json:"event_id"`
	Execution     execution
}

// waitFor asks for something of an execution; the answer comes when it is there.
func (d *daemon) waitFor(tb testing.TB, id, query string) met {
	tb.Helper()
	return get[met](tb, d, "/executions/"+id+"/wait?for="+query)
}

// inTheMeantime makes a request, and does something while it may be waiting.
func inTheMeantime(tb testing.TB, request func() answer, do func()) answer {
	tb.Helper()
	done := make(chan answer, 1)
	go func() { done <- request() }()
	do()
	return <-done
}

func TestWait_Exit(t *testing.T) {
	t.Parallel()
	d := start(t)
	g, wait := newGate(t)
	for name, begin := range d.starters(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin("echo begun; " + wait + "; (exit 3)")
			s.untilText(t, "begun")
			path := "/executions/" + s.id + "/wait?for=exit"
			d.fails(t, http.StatusRequestTimeout, "WAIT_TIMEOUT", http.MethodGet, path+"&timeout_ms=1", nil)
			a := inTheMeantime(t, func() answer { return d.ok(t, http.MethodGet, path, nil) }, func() { g.open(t) })
			end := s.rest(t).last()
			for _, got := range []met{decode[met](t, a), d.waitFor(t, s.id, "exit"), d.waitFor(t, s.id, "exit&timeout_ms=1")} {
				x := got.Execution
				if !got.Met || got.Reason != "exit" || got.EventID != end.ID || x.State != "ended" || x.ExitCode == nil || *x.ExitCode != 3 {
					t.Errorf("%+v", got)
				}
			}
		})
	}
}

func TestWait_Output(t *testing.T) {
	t.Parallel()
	d := start(t)
	g, wait := newGate(t)
	s := d.openCommand(t, object{
		"command": "echo first; echo 'Listening on 8080' >&2; " + wait + "; printf 'a\\nb\\nPassword: '; " + wait, "output": "bytes",
	})
	s.until(t, "stderr", func(e event) bool { return e.Type == "stderr" })
	there := d.waitFor(t, s.id, "output&pattern="+url.QueryEscape(`on (\d+)`)+"&timeout_ms=60000")
	if !there.Met || there.Match != "on 8080" || there.Reason != "output" || there.Execution.State != "running" {
		t.Errorf("what was there already: %+v", there)
	}
	path := "/executions/" + s.id + "/wait?for=output&pattern="
	d.fails(t, http.StatusRequestTimeout, "WAIT_TIMEOUT", http.MethodGet, path+"word&timeout_ms=20", nil)
	a := inTheMeantime(t, func() answer { return d.ok(t, http.MethodGet, path+"word:", nil) }, func() { g.open(t) })
	if got := decode[met](t, a); got.Match != "word:" || got.Execution.State != "running" {
		t.Errorf("a prompt: %+v", got)
	}
	if got := d.waitFor(t, s.id, "output&pattern="+url.QueryEscape(`(?m)^a\nb$`)); got.Match != "a\nb" {
		t.Errorf("over two lines: %+v", got)
	}
	a = inTheMeantime(t, func() answer { return d.call(t, http.MethodGet, path+"never", nil) }, func() { g.open(t) })
	a.checkFailure(t, http.StatusConflict, "NOT_RUNNING", "what never came")
	if got := d.waitFor(t, s.id, "output&pattern=first"); !got.Met || got.Execution.State != "ended" {
		t.Errorf("after the end: %+v", got)
	}
	d.fails(t, http.StatusConflict, "NOT_RUNNING", http.MethodGet, path+"never", nil)
}

// Lines are matched as they were printed, also where an event ends within what is wanted.
func TestWait_OutputInPieces(t *testing.T) {
	t.Parallel()
	d := start(t)
	g, wait := newGate(t)
	for _, mode := range []string{"lines", "bytes"} {
		s := d.openCommand(t, object{"command": "printf 'rea'; " + wait + "; printf 'dy\n'; " + wait, "output": mode})
		path := "/executions/" + s.id + "/wait?for=output&pattern=ready"
		a := inTheMeantime(t, func() answer { return d.ok(t, http.MethodGet, path, nil) }, func() { g.open(t) })
		if got := decode[met](t, a); got.Match != "ready" {
			t.Errorf("%s: %+v", mode, got)
		}
		g.open(t)
		s.complete(t)
	}
	long := d.command(t, "head -c 500000 /dev/zero | tr '\\0' x; echo END")
	if got := d.waitFor(t, long[0].Text, "output&pattern=xEND"); !got.Met {
		t.Errorf("%+v", got)
	}
	many := d.command(t, "seq 50000; echo END")
	got := d.waitFor(t, many[0].Text, "output&pattern="+url.QueryEscape("(E|X)N[D-F]"))
	if got.Match != "END" || got.EventID != many.last().ID-1 {
		t.Errorf("%+v, the last event is %d", got, many.last().ID)
	}
}

func TestWait_Port(t *testing.T) {
	t.Parallel()
	d := start(t)
	s := d.openCommand(t, "echo begun; sleep 1000")
	s.untilText(t, "begun")
	for _, network := range []string{"tcp4", "tcp6"} {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), network, "localhost:0")
		if err != nil && network == "tcp6" {
			t.Logf("without IPv6: %v", err)
			continue
		}
		must(t, err)
		address := l.Addr().String()
		query := fmt.Sprintf("port&port=%d", l.Addr().(*net.TCPAddr).Port)
		if got := d.waitFor(t, s.id, query+"&timeout_ms=60000"); !got.Met || got.Reason != "port" || got.Execution.State != "running" {
			t.Errorf("what listens already: %+v", got)
		}
		must(t, l.Close())
		path := "/executions/" + s.id + "/wait?for=" + query
		d.fails(t, http.StatusRequestTimeout, "WAIT_TIMEOUT", http.MethodGet, path+"&timeout_ms=20", nil)
		a := inTheMeantime(t, func() answer { return d.ok(t, http.MethodGet, path, nil) }, func() {
			l, err = (&net.ListenConfig{}).Listen(t.Context(), network, address)
			must(t, err)
		})
		if got := decode[met](t, a); !got.Met {
			t.Errorf("what came later: %+v", got)
		}
		must(t, l.Close())
		if network == "tcp4" {
			continue
		}
		a = inTheMeantime(t, func() answer { return d.call(t, http.MethodGet, path, nil) }, func() {
			d.empty(t, http.MethodDelete, "/command?id="+s.id, nil)
		})
		a.checkFailure(t, http.StatusConflict, "NOT_RUNNING", "the process ended first")
	}
}

func TestWait_Refused(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := d.command(t, "true")[0].Text
	path := "/executions/" + id + "/wait"
	for _, query := range []string{"", "?for=", "?for=output", "?for=output&pattern="} {
		d.fails(t, http.StatusBadRequest, "MISSING_QUERY", http.MethodGet, path+query, nil)
	}
	for _, query := range []string{
		"?for=luck", "?for=output&pattern=(", "?for=output&pattern=%5B", "?for=port", "?for=port&port=0", "?for=port&port=65536",
		"?for=port&port=x", "?for=port&port=-1", "?for=exit&timeout_ms=-1", "?for=exit&timeout_ms=soon", "?for=exit&timeout_ms=1.5",
	} {
		d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodGet, path+query, nil)
	}
	d.fails(t, http.StatusNotFound, "EXECUTION_NOT_FOUND", http.MethodGet, "/executions/nobody/wait?for=exit", nil)
}

// After wait_ms the response ends and the run goes on.
func TestWait_Response(t *testing.T) {
	t.Parallel()
	d := start(t)
	g, wait := newGate(t)
	session := d.newSession(t, nil)
	script := "echo begun; " + wait + "; echo after"
	for _, path := range []string{"/command", "/session/" + session.ID + "/run"} {
		s := d.open(t, http.MethodPost, path, object{"command": script, "wait_ms": 50})
		r := s.rest(t)
		if last := r.last(); last.Type != "status" || last.Status != "still running" || last.ExecutionID != s.id || last.ID != 0 {
			t.Errorf("%s: the response ends with %s", path, last.Raw)
		}
		if len(r.of("execution_complete")) > 0 || len(r.of("error")) > 0 || r[0].Type != "init" {
			t.Errorf("%s: %+v", path, r)
		}
		if x := d.execution(t, s.id); x.State != "running" {
			t.Errorf("%s: %+v", path, x)
		}
		g.open(t)
		all := d.attach(t, s.id, 0).complete(t)
		all.ends(t, success)
		if !slices.Equal(all.stdout(), []string{"begun", "after"}) || len(all.of("status")) > 0 {
			t.Errorf("%s: %q", path, all.stdout())
		}
		quick := d.open(t, http.MethodPost, path, object{"command": "exit 3", "wait_ms": 600_000}).complete(t)
		quick.ends(t, exitStatus(3, strconv.Itoa(3)))
	}
}
