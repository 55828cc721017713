package e2e_test

import (
	"net/http"
	"strings"
	"testing"
)

// asking starts code whose questions are answered.
func (d *daemon) asking(tb testing.TB, contextID, code string) *stream {
	tb.Helper()
	body := in(contextID, code)
	body["stdin"] = true
	return d.openCode(tb, body)
}

// untilAsked reads on up to the next question.
func (s *stream) untilAsked(tb testing.TB) event {
	tb.Helper()
	return s.until(tb, "a question", func(e event) bool { return e.Status == "stdin_requested" })
}

// inputAnswered: each question is an event, and gets the answer that is sent then. What was printed before it may come
// behind it: a kernel sends the two on channels of their own.
func inputAnswered(t *testing.T, d *daemon, id string) {
	t.Helper()
	s := d.asking(t, id, `
import getpass
print(repr(input('name? ')))
print(repr(getpass.getpass('secret? ')))
print(repr(input()))
try:
    print(input('more? '))
except EOFError:
    print('no more')
try:
    print(input('and now? '))
except EOFError:
    print('none')`)
	if e := s.untilAsked(t); e.Prompt != "name? " || e.Password || e.Text != "" {
		t.Errorf("asked by %s", e.Raw)
	}
	d.feed(t, s.id, "", "Žofie\n")
	if e := s.untilAsked(t); e.Prompt != "secret? " || !e.Password {
		t.Errorf("asked by %s", e.Raw)
	}
	d.feed(t, s.id, "", "")
	if e := s.untilAsked(t); e.Prompt != "" {
		t.Errorf("asked by %s", e.Raw)
	}
	d.feed(t, s.id, "?eof=false", "a b\nc\r\n")
	s.untilAsked(t)
	d.feed(t, s.id, "?eof=true", "")
	s.rest(t).ends(t, cellDone)
	if got := d.attach(t, s.id, 0).complete(t).output(); got != "'Žofie'\n''\n'a b\\nc'\nno more\nnone\n" {
		t.Errorf("the code has read %q", got)
	}
}

// inputRefused: a question of code that nobody answers fails at once, and the context goes on.
func inputRefused(t *testing.T, d *daemon, id string) {
	t.Helper()
	r := d.code(t, in(id, "x = 41\ninput('name? ')"))
	if end := r.last(); end.Error == nil || end.Error.Name != "StdinNotImplementedError" || len(r.of("status")) != 0 {
		t.Errorf("it ended with %s", end.Raw)
	}
	d.fails(t, http.StatusConflict, "NOT_RUNNING", http.MethodPost, "/executions/"+r[0].ExecutionID+"/stdin", "x")
	checkResult(t, d.code(t, in(id, "x + 1")), "42")
}

// inputOfTheAsking: an answer is for the run that asks, whoever else is there.
func inputOfTheAsking(t *testing.T, d *daemon, id string) {
	t.Helper()
	refused := func(of *stream, why string) {
		t.Helper()
		f := d.fails(t, http.StatusConflict, "NOT_RUNNING", http.MethodPost, "/executions/"+of.id+"/stdin", "wrong")
		if !strings.Contains(f.Message, "does not ask") {
			t.Errorf("%s: %q", why, f.Message)
		}
	}
	asks := d.asking(t, id, "print(input('a? '))")
	waits := d.asking(t, id, "print(input('b? '))")
	asks.untilAsked(t)
	refused(waits, "it waits in the queue")
	d.feed(t, asks.id, "", "for a")
	if r := asks.rest(t); r.output() != "for a\n" {
		t.Errorf("%q", r.output())
	}
	waits.untilAsked(t)
	refused(asks, "it has ended")
	d.empty(t, http.MethodDelete, "/code?id="+waits.id, nil)
	if end := waits.rest(t).last(); end.Error == nil || end.Error.Name != "KeyboardInterrupt" || end.Reason != "interrupt" {
		t.Errorf("interrupted, it ended with %s", end.Raw)
	}
	refused(waits, "it was interrupted")
	s := d.asking(t, id, "import time\ntry:\n    input('c? ')\nexcept KeyboardInterrupt:\n    print('on', flush=True)\n    time.sleep(60)")
	s.untilAsked(t)
	d.empty(t, http.MethodDelete, "/code?id="+s.id, nil)
	s.untilText(t, "on\n")
	d.empty(t, http.MethodDelete, "/code?id="+s.id, nil)
	s.rest(t)
	checkResult(t, d.code(t, in(id, "6 * 7")), "42")
}
