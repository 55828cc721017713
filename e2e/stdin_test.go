package e2e_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// feed gives an execution input that it must take.
func (d *daemon) feed(tb testing.TB, id, query, text string) {
	tb.Helper()
	d.empty(tb, http.MethodPost, "/executions/"+id+"/stdin"+query, text)
}

// starters start something that reads from its input, in each of the ways in which it can be started.
func (d *daemon) starters(tb testing.TB) map[string]func(script string) *stream {
	tb.Helper()
	return map[string]func(string) *stream{
		"command": func(script string) *stream { return d.openCommand(tb, object{"command": script, "stdin": true}) },
		"background": func(script string) *stream {
			return d.attach(tb, d.background(tb, script, object{"stdin": true}), 0)
		},
		"session": func(script string) *stream {
			return d.newSession(tb, nil).open(tb, object{"command": script, "stdin": true})
		},
	}
}

func TestStdin_AsItComes(t *testing.T) {
	t.Parallel()
	d := start(t)
	for name, begin := range d.starters(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin("while IFS= read -r x; do echo \"got $x\"; done; echo end")
			for _, line := range []string{"one", "", "  two ", "ä"} {
				d.feed(t, s.id, "", line+"\n")
				s.untilText(t, "got "+line)
			}
			d.feed(t, s.id, "?eof=false", "in two ")
			d.feed(t, s.id, "", "")
			d.feed(t, s.id, "", "parts\nlost")
			s.untilText(t, "got in two parts")
			d.feed(t, s.id, "?eof=true", "")
			s.untilText(t, "end")
			s.rest(t).ends(t, success)
		})
	}
}

func TestStdin_ExactBytes(t *testing.T) {
	t.Parallel()
	d := start(t)
	data := make([]byte, 3<<20)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(data) // never fails
	want := fmt.Sprintf("%x  -", sha256.Sum256(data))
	for name, begin := range d.starters(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin("sha256sum")
			d.feed(t, s.id, "?eof=true", string(data))
			r := s.rest(t)
			r.ends(t, success)
			if !slices.Equal(r.stdout(), []string{want}) {
				t.Errorf("%q, want %s", r.stdout(), want)
			}
		})
	}
}

func TestStdin_Refused(t *testing.T) {
	t.Parallel()
	d := start(t)
	refused := func(id, why string) {
		t.Helper()
		f := d.fails(t, http.StatusConflict, "NOT_RUNNING", http.MethodPost, "/executions/"+id+"/stdin", "x")
		if f.Message == "" {
			t.Errorf("%s: no message", why)
		}
	}
	without := d.openCommand(t, "cat; echo begun; sleep 1000")
	without.untilText(t, "begun") // cat has read /dev/null
	refused(without.id, "no input")
	closed := d.openCommand(t, object{"command": "cat; echo begun; sleep 1000", "stdin": true})
	d.feed(t, closed.id, "?eof=true", "")
	closed.untilText(t, "begun")
	refused(closed.id, "its end was told")
	deaf := d.openCommand(t, object{"command": "exec 0<&-; echo begun; exec sleep 1000", "stdin": true})
	deaf.untilText(t, "begun")
	refused(deaf.id, "nobody reads")
	over := d.command(t, object{"command": "true", "stdin": true})
	refused(over[0].Text, "it has ended")
	run := d.newSession(t, nil).run(t, object{"command": "true", "stdin": true})
	refused(run[0].ExecutionID, "the run has ended")
	d.fails(t, http.StatusNotFound, "EXECUTION_NOT_FOUND", http.MethodPost, "/executions/nobody/stdin", "x")
	d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodPost, "/executions/"+deaf.id+"/stdin?eof=perhaps", "x")
}

// Input that is not read waits, and is answered when the process goes.
func TestStdin_NotRead(t *testing.T) {
	t.Parallel()
	d := start(t)
	for name, begin := range d.starters(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin("echo begun; sleep 1000")
			s.untilText(t, "begun")
			body, w := io.Pipe()
			done := make(chan answer)
			go func() {
				done <- d.call(t, http.MethodPost, "/executions/"+s.id+"/stdin", body)
			}()
			go func() { // more than any pipe takes
				_, err := io.Copy(w, io.LimitReader(strings.NewReader(strings.Repeat("x", 8<<20)), 8<<20))
				w.CloseWithError(err)
			}()
			eventually(t, "input in the pipe", func() bool { return d.execution(t, s.id).State == "running" })
			d.empty(t, http.MethodDelete, "/command?id="+s.id, nil)
			a := <-done
			_ = body.Close()
			a.checkFailure(t, http.StatusConflict, "NOT_RUNNING", "stdin")
			if !strings.Contains(a.body, " bytes") {
				t.Errorf("it does not say how much was taken: %s", a.body)
			}
		})
	}
}

// A client that goes away in the middle of its input leaves it open for the next.
func TestStdin_ClientGone(t *testing.T) {
	t.Parallel()
	d := start(t)
	s := d.openCommand(t, object{"command": "head -n 1; cat", "stdin": true})
	body, w := io.Pipe()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		if r, err := d.send(t.Context(), http.MethodPost, "/executions/"+s.id+"/stdin", body); err == nil {
			_ = r.Body.Close()
		}
	}()
	_, err := io.WriteString(w, "first\n")
	must(t, err)
	s.untilText(t, "first")
	must(t, w.CloseWithError(io.ErrUnexpectedEOF)) // the client cuts the connection
	<-gone
	d.feed(t, s.id, "?eof=true", "second\n")
	s.untilText(t, "second")
	s.rest(t).ends(t, success)
}

// Each run of a session has its own input, and /dev/null without.
func TestStdin_OfEachRun(t *testing.T) {
	t.Parallel()
	d := start(t)
	s := d.newSession(t, nil)
	for i := range 3 {
		r := s.open(t, object{"command": "read -r x; echo \"$x\"", "stdin": true})
		d.feed(t, r.id, "", fmt.Sprintf("line %d\nand more\n", i))
		r.untilText(t, fmt.Sprintf("line %d", i))
		r.rest(t).ends(t, success)
		s.prints(t, "cat; echo none", "none")
	}
}
