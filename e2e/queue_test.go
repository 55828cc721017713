package e2e_test

import (
	"net/http"
	"strings"
	"testing"
)

var cellDone = ending{kind: "execution_complete", code: -1}

// interrupted is how a cell ends whose context was interrupted.
func interrupted(tb testing.TB, r run) {
	tb.Helper()
	if end := r.last(); end.Error == nil || end.Error.Name != "KeyboardInterrupt" || end.Reason != "interrupt" {
		tb.Errorf("it ended with %s", end.Raw)
	}
}

func TestQueue_InOrder(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t, "--queue-length", "2")
	id := d.newContext(t).ID
	g, _ := newGate(t)
	first := d.openCode(t, in(id, "log = ['first']\nprint('begun')\n"+g.python()))
	first.untilText(t, "begun\n")
	queued := func(s *stream, position int) {
		t.Helper()
		e := s.until(t, "its position", func(e event) bool { return e.Type == "status" })
		if e.Status != "queued" || e.Position != position {
			t.Errorf("status %s, want position %d", e.Raw, position)
		}
	}
	second := d.openCode(t, in(id, "log.append('second')"))
	queued(second, 1)
	third := d.openCode(t, in(id, "log.append('third')\nprint(log)"))
	queued(third, 2)
	d.fails(t, http.StatusTooManyRequests, "QUEUE_FULL", http.MethodPost, "/code", in(id, "log.append('too many')"))
	if x := d.execution(t, third.id); x.State != "queued" || x.ContextID != id {
		t.Errorf("%+v", x)
	}
	if c := get[codeContext](t, d, "/code/contexts/"+id); c.State != "busy" {
		t.Errorf("%+v", c)
	}
	g.open(t)
	first.rest(t).ends(t, cellDone)
	if e := second.until(t, "its start", func(e event) bool { return e.Type == "status" }); e.Status != "running" {
		t.Errorf("status %s", e.Raw)
	}
	second.rest(t).ends(t, cellDone)
	queued(third, 1)
	r := third.rest(t)
	r.ends(t, cellDone)
	if r.output() != "['first', 'second', 'third']\n" {
		t.Errorf("they ran as %s", r.output())
	}
}

// An interrupt ends the running cell and those that wait behind it; the context goes on.
func TestQueue_Interrupted(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t)
	id := d.newContext(t).ID
	for _, by := range []func(*stream) string{
		func(*stream) string { return "/code?id=" + id },
		func(s *stream) string { return "/command?id=" + s.id },
	} {
		running := d.openCode(t, in(id, "x = 7\nprint('begun')\nwhile True: pass"))
		running.untilText(t, "begun\n")
		waiting := d.openCode(t, in(id, "print('never')"))
		waiting.until(t, "queued", func(e event) bool { return e.Status == "queued" })
		d.empty(t, http.MethodDelete, by(running), nil)
		interrupted(t, running.rest(t))
		r := waiting.rest(t)
		if end := r.last(); end.Error == nil || end.Error.Name != "ExecutionAborted" || end.Reason != "interrupt" || r.output() != "" {
			t.Errorf("what waited ended with %s", end.Raw)
		}
		checkResult(t, d.code(t, in(id, "x")), "7")
	}
	d.empty(t, http.MethodDelete, "/code?id="+id, nil) // an idle one
	checkResult(t, d.code(t, in(id, "x")), "7")
}

// A run that waits can be taken out alone.
func TestQueue_Withdrawn(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t)
	g, _ := newGate(t)
	running := d.openCode(t, "print('begun')\n"+g.python())
	running.untilText(t, "begun\n")
	one, two := d.openCode(t, "print('never')"), d.openCode(t, "print('never')")
	d.empty(t, http.MethodDelete, "/code?id="+one.id, nil)
	d.empty(t, http.MethodDelete, "/executions/"+two.id, nil)
	for s, reason := range map[*stream]string{one: "interrupt", two: "removed"} {
		if r := s.complete(t); r.last().Error == nil || r.last().Reason != reason || r.output() != "" {
			t.Errorf("%s", r.last().Raw)
		}
	}
	g.open(t)
	running.rest(t).ends(t, cellDone)
	d.fails(t, http.StatusNotFound, "EXECUTION_NOT_FOUND", http.MethodDelete, "/code?id="+running.id, nil)
}

func TestQueue_EndedByPolicy(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t, "--disconnect-grace", "20ms")
	forever := "print('begun')\nwhile True: pass"
	r := d.code(t, object{"language": "python", "code": forever, "timeout": 200})
	if end := r.last(); end.Error == nil || end.Error.Name != "KeyboardInterrupt" || end.Reason != "timeout" {
		t.Errorf("it ended with %s", end.Raw)
	}
	s := d.openCode(t, object{"language": "python", "code": forever, "on_disconnect": "kill"})
	s.untilText(t, "begun\n")
	s.close()
	eventually(t, "the end of what nobody reads", func() bool { return d.execution(t, s.id).State == "ended" })
	if x := d.execution(t, s.id); x.Reason != "disconnect" || !strings.Contains(x.Error, "KeyboardInterrupt") {
		t.Errorf("%+v", x)
	}
	s = d.openCode(t, forever)
	s.untilText(t, "begun\n")
	d.empty(t, http.MethodDelete, "/executions/"+s.id, nil)
	if end := s.rest(t).last(); end.Reason != "removed" {
		t.Errorf("it ended with %s", end.Raw)
	}
	d.code(t, "1").ends(t, cellDone)
}
