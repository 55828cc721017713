package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func (d *daemon) raise(tb testing.TB, id, name string) {
	tb.Helper()
	d.empty(tb, http.MethodPost, "/executions/"+id+"/signal", object{"signal": name})
}

func TestSignal_Handlers(t *testing.T) {
	t.Parallel()
	d := start(t)
	const script = "for s in HUP INT QUIT USR1 USR2 TERM ALRM WINCH PIPE; do trap \"echo $s\" $s; done; " +
		"echo begun; while :; do sleep 0.1; done"
	for _, background := range []bool{false, true} {
		var s *stream
		if background {
			s = d.attach(t, d.background(t, script), 0)
		} else {
			s = d.openCommand(t, script)
		}
		s.untilText(t, "begun")
		for _, name := range []string{"HUP", "INT", "QUIT", "USR1", "USR2", "TERM", "ALRM", "WINCH", "PIPE"} {
			d.raise(t, s.id, "SIG"+name)
			s.untilText(t, name)
		}
		d.raise(t, s.id, "SIGKILL")
		want := exitStatus(137, "-1")
		want.signal = "SIGKILL"
		s.rest(t).ends(t, want)
	}
}

// A signal goes to the whole group.
func TestSignal_Group(t *testing.T) {
	t.Parallel()
	d := start(t)
	child := `sh -c 'trap "echo %s; exit" USR1; echo ready; while :; do sleep 0.1; done' & `
	s := d.openCommand(t, fmt.Sprintf(child+child, "one", "two")+`trap 'heard=1' USR1; while [ -z "$heard" ]; do wait; done; wait`)
	s.untilText(t, "ready")
	s.untilText(t, "ready")
	d.raise(t, s.id, "SIGUSR1")
	r := s.rest(t)
	got := r.stdout()
	slices.Sort(got)
	if !slices.Contains(got, "one") || !slices.Contains(got, "two") {
		t.Errorf("%q", got)
	}
}

func processState(tb testing.TB, pid int) string {
	tb.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	must(tb, err)
	_, after, _ := strings.Cut(string(text), ") ")
	return after[:1]
}

func TestSignal_StopAndContinue(t *testing.T) {
	t.Parallel()
	d := start(t)
	for name, begin := range d.starters(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := t.TempDir() + "/pid"
			s := begin("sh -c 'echo $$ >" + file + "; exec sleep 1000'")
			pid := readNumber(t, file)
			d.raise(t, s.id, "SIGSTOP")
			eventually(t, "a stopped process", func() bool { return processState(t, pid) == "T" })
			d.raise(t, s.id, "SIGCONT")
			eventually(t, "a process that goes on", func() bool { return processState(t, pid) == "S" })
			d.raise(t, s.id, "SIGTERM")
			if end := s.rest(t).last(); end.ExitCode == nil || *end.ExitCode != 143 {
				t.Errorf("it ended with %s", end.Raw)
			}
		})
	}
}

// In a session a signal goes to what the run has started; the shell stays.
func TestSignal_Session(t *testing.T) {
	t.Parallel()
	d := start(t)
	s := d.newSession(t, nil)
	s.run(t, "plain=2; sleep 1000 & earlier=$!").ends(t, success)
	r := s.open(t, `sh -c 'trap "echo heard; exit 4" USR1; echo begun; while :; do sleep 0.1; done'`)
	r.untilText(t, "begun")
	d.raise(t, r.id, "SIGUSR1")
	r.untilText(t, "heard")
	r.rest(t).ends(t, exitStatus(4, "4"))
	s.prints(t, "echo $plain; kill -0 $earlier && echo alive", "2", "alive")
	r = s.open(t, "trap 'echo the shell' USR1; echo begun; while [ -z \"$x\" ]; do :; done")
	r.untilText(t, "begun")
	d.raise(t, r.id, "SIGUSR1") // the run has started nothing: it is the shell
	r.untilText(t, "the shell")
	d.raise(t, r.id, "SIGINT")
	r.rest(t)
	s.prints(t, "echo $plain", "2")
}

// A signal right behind the init event does not come too early, and the state is told truthfully by then.
func TestSignal_RightAfterInit(t *testing.T) {
	t.Parallel()
	d := start(t)
	begin := d.starters(t)
	for range 10 {
		for _, name := range []string{"command", "session"} {
			s := begin[name]("sleep 1000")
			s.until(t, "init", func(e event) bool { return e.Type == "init" })
			if x := d.execution(t, s.id); x.State != "running" && name == "command" {
				t.Errorf("%+v", x)
			}
			d.raise(t, s.id, "SIGTERM")
			if end := s.rest(t).last(); end.ExitCode == nil || *end.ExitCode != 143 {
				t.Errorf("%s: it ended with %s", name, end.Raw)
			}
		}
	}
}

func TestSignal_Refused(t *testing.T) {
	t.Parallel()
	d := start(t)
	s := d.openCommand(t, "sleep 1000")
	path := "/executions/" + s.id + "/signal"
	for _, body := range []any{
		"", "{", object{}, object{"signal": ""}, object{"signal": nil}, object{"signal": 9}, object{"signal": "SIGNONE"},
		object{"signal": "KILL IT"}, object{"signal": "0"}, object{"signal": "-9"},
	} {
		d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodPost, path, body)
	}
	if x := d.execution(t, s.id); x.State != "running" {
		t.Errorf("%+v", x)
	}
	over := d.command(t, "true")[0].Text
	run := d.newSession(t, nil).run(t, "true")[0].ExecutionID
	for _, id := range []string{over, run} {
		d.fails(t, http.StatusConflict, "NOT_RUNNING", http.MethodPost, "/executions/"+id+"/signal", object{"signal": "SIGINT"})
	}
	d.fails(t, http.StatusNotFound, "EXECUTION_NOT_FOUND", http.MethodPost, "/executions/nobody/signal", object{"signal": "SIGINT"})
}

// A shell that starts execd in the background makes it ignore signals; what execd starts does not.
func TestSignal_NoneIgnored(t *testing.T) {
	t.Parallel()
	d := prepare(t, t.TempDir(), nil)
	d.cmd.Args = append([]string{"sh", "-c", `trap '' INT QUIT PIPE HUP TERM USR1 CHLD; exec "$0" "$@"`, d.cmd.Path}, d.cmd.Args[1:]...)
	d.cmd.Path = "/bin/sh"
	d.launch(t)
	t.Cleanup(func() { d.stop(t) })
	const script = "grep SigIgn /proc/self/status"
	for name, r := range map[string]run{"command": d.command(t, script), "session": d.newSession(t, nil).run(t, script)} {
		if len(r.stdout()) != 1 {
			t.Fatalf("%s: %q", name, r.stdout())
		}
		mask, err := strconv.ParseUint(strings.Fields(r.stdout()[0])[1], 16, 64)
		must(t, err)
		for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGPIPE, syscall.SIGHUP, syscall.SIGTERM, syscall.SIGUSR1} {
			if mask&(1<<(sig-1)) != 0 {
				t.Errorf("a %s ignores %v", name, sig)
			}
		}
	}
	s := d.newSession(t, nil).open(t, "sh -c 'trap \"echo heard; exit\" INT; echo begun; while :; do sleep 0.1; done'")
	s.untilText(t, "begun")
	d.raise(t, s.id, "SIGINT")
	s.untilText(t, "heard")
	s.rest(t)
}
