package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// logs reads what a background command has written from a cursor on, and the cursor behind it.
func (d *daemon) logs(tb testing.TB, id string, cursor int) (text string, next int) {
	tb.Helper()
	a := d.ok(tb, http.MethodGet, "/command/"+id+"/logs?cursor="+strconv.Itoa(cursor), nil)
	if kind := a.header.Get("Content-Type"); !strings.EqualFold(kind, "text/plain; charset=utf-8") {
		tb.Errorf("logs are %q", kind)
	}
	next, err := strconv.Atoi(a.header.Get("EXECD-COMMANDS-TAIL-CURSOR"))
	must(tb, err)
	return a.body, next
}

func TestBackground_ReturnsAtOnce(t *testing.T) {
	t.Parallel()
	d := start(t)
	g, wait := newGate(t)
	id := d.background(t, "echo begun; "+wait+"; echo late >&2; exit 4")
	if st := d.status(t, id); !st.Running || st.ExitCode != nil || st.Error != "" {
		t.Errorf("status while it runs: %+v", st)
	}
	s := d.attach(t, id, 0)
	s.untilText(t, "begun")
	g.open(t)
	s.rest(t).ends(t, exitStatus(4, "4"))
	st := d.status(t, id)
	if st.ID != id || st.Running || st.ExitCode == nil || *st.ExitCode != 4 || st.Error != "exit status 4" ||
		!strings.Contains(st.Content, "begun") {
		t.Errorf("status at the end: %+v", st)
	}
	begun, err := time.Parse(time.RFC3339Nano, st.StartedAt)
	must(t, err)
	over, err := time.Parse(time.RFC3339Nano, st.FinishedAt)
	must(t, err)
	if over.Before(begun) {
		t.Errorf("it ended at %v, before it began at %v", over, begun)
	}
}

func TestBackground_Status(t *testing.T) {
	t.Parallel()
	d := start(t)
	for _, c := range []struct {
		script  string
		code    int
		message string
	}{
		{"true", 0, ""},
		{"exit 9", 9, "exit status 9"},
		{"kill -KILL $$", -1, "signal: killed"},
	} {
		for _, id := range []string{d.background(t, c.script), d.command(t, c.script)[0].Text} {
			st := d.ended(t, id)
			if st.Running || st.ExitCode == nil || *st.ExitCode != c.code || st.Error != c.message {
				t.Errorf("%s: %+v, want %d %q", c.script, st, c.code, c.message)
			}
		}
	}
	id := d.background(t, "true", object{"envs": object{"BIG": strings.Repeat("x", 1<<18)}})
	if st := d.ended(t, id); st.ExitCode == nil || *st.ExitCode != 255 || st.Error == "" {
		t.Errorf("status of a command that did not start: %+v", st)
	}
	d.fails(t, http.StatusNotFound, "EXECUTION_NOT_FOUND", http.MethodGet, "/command/status/nobody", nil)
}

func TestBackground_LogsByCursor(t *testing.T) {
	t.Parallel()
	d := start(t)
	g, wait := newGate(t)
	id := d.background(t, "echo one; echo two >&2; "+wait+`; printf 'thr\303'; `+wait+`; printf '\251e\n'`)
	d.attach(t, id, 0).untilText(t, "two")
	text, next := d.logs(t, id, 0)
	if text != "one\ntwo\n" || next != len(text) {
		t.Fatalf("%q up to %d", text, next)
	}
	if again, same := d.logs(t, id, next); again != "" || same != next {
		t.Errorf("nothing new is %q up to %d, want %d", again, same, next)
	}
	g.open(t)
	eventually(t, "half a character", func() bool {
		more, to := d.logs(t, id, next)
		if more != "" {
			text, next = text+more, to
		}
		return len(text) == len("one\ntwo\nthr?")
	})
	g.open(t)
	d.ended(t, id)
	more, _ := d.logs(t, id, next)
	if text += more; text != "one\ntwo\nthrée\n" {
		t.Errorf("the parts joined are %q", text)
	}
	if all, _ := d.logs(t, id, 0); all != text {
		t.Errorf("all is %q, the parts joined %q", all, text)
	}
	if past, next := d.logs(t, id, 1000); past != "" || next != 1000 {
		t.Errorf("past the end: %q up to %d", past, next)
	}
	a := d.ok(t, http.MethodGet, "/command/"+id+"/logs", nil)
	if a.body != text {
		t.Errorf("without a cursor: %q", a.body)
	}
}

func TestBackground_LogsRefused(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := d.background(t, "true")
	front := d.command(t, "true")[0].Text
	d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodGet, "/command/"+id+"/logs?cursor=-1", nil)
	d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodGet, "/command/"+id+"/logs?cursor=x", nil)
	d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodGet, "/command/"+front+"/logs", nil)
	d.fails(t, http.StatusNotFound, "EXECUTION_NOT_FOUND", http.MethodGet, "/command/nobody/logs", nil)
	nowhere := object{"command": "true", "background": true, "cwd": "/no/such"}
	d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodPost, "/command", nowhere)
}

func TestBackground_LargeLogs(t *testing.T) {
	t.Parallel()
	d := start(t, "--log-memory", "64KiB")
	const n = 600_000
	id := d.background(t, fmt.Sprintf("seq %d", n))
	var text strings.Builder
	for next := 0; ; { // while it is written, and then until nothing is left
		over := !d.status(t, id).Running
		more, to := d.logs(t, id, next)
		text.WriteString(more)
		next = to
		if over && more == "" {
			break
		}
	}
	want := 0
	for line := range strings.Lines(text.String()) {
		want++
		if line != strconv.Itoa(want)+"\n" {
			t.Fatalf("line %d is %q", want, line)
		}
	}
	if want != n {
		t.Errorf("%d lines of %d", want, n)
	}
}

// What a background child writes after the end of its command is kept too; it survives its command, but not execd.
func TestBackground_ChildHoldsPipe(t *testing.T) {
	t.Parallel()
	d := start(t)
	g, wait := newGate(t)
	pidFile := d.dir + "/pid"
	script := "( " + wait + "; echo from the child; exec sleep 1000 ) & echo $! >" + pidFile + "; echo from the leader"
	for _, background := range []bool{false, true} {
		var id string
		if background {
			id = d.background(t, script)
		} else {
			id = d.openCommand(t, script).id
		}
		r := d.attach(t, id, 0).complete(t)
		r.ends(t, success)
		if !slices.Equal(r.stdout(), []string{"from the leader"}) {
			t.Errorf("stdout %q", r.stdout())
		}
		pid := readNumber(t, pidFile)
		if !alive(pid) {
			t.Error("the child has ended together with its command")
		}
		must(t, os.Remove(pidFile))
		g.open(t)
		eventually(t, "the late output", func() bool {
			return d.ok(t, http.MethodGet, "/executions/"+id+"/output", nil).body == "from the leader\nfrom the child\n"
		})
	}
}
