package e2e_test

import (
	"io"
	"net/http"
	"syscall"
	"testing"
)

// byShutdown is how a command ends that the end of execd has stopped.
func byShutdown(signal string, code int) ending {
	e := exitStatus(code, "-1")
	e.signal, e.reason = signal, "shutdown"
	return e
}

func TestShutdown_MidStream(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		d := start(t)
		s := d.openCommand(t, "i=0; while :; do echo $((i++)); done")
		s.untilText(t, "100")
		id := d.background(t, "sleep 1000 & setsid sleep 1000 & echo begun; sleep 1000")
		background := d.attach(t, id, 0)
		background.untilText(t, "begun")
		d.signal(t, sig)
		r := s.rest(t)
		r.ends(t, byShutdown("SIGTERM", 143))
		for i, text := range r.stdout() {
			if text != itoa(101+i) {
				t.Fatalf("line %d is %q", 101+i, text)
			}
		}
		background.rest(t).ends(t, byShutdown("SIGTERM", 143))
		d.checkDown(t)
	}
}

// What does not heed SIGTERM gets SIGKILL, within the window, and its stream tells so. New work is refused meanwhile.
func TestShutdown_Stubborn(t *testing.T) {
	t.Parallel()
	d := start(t, "--graceful-shutdown-timeout", "4s")
	s := d.openCommand(t, "trap 'echo heard' TERM; echo begun; while :; do sleep 1000 & wait; done")
	s.untilText(t, "begun")
	d.signal(t, syscall.SIGTERM)
	s.untilText(t, "heard")
	for _, path := range []string{"/command", "/code", "/code/context"} {
		a := d.call(t, http.MethodPost, path, object{"command": "true", "language": "python", "code": "1"})
		a.checkFailure(t, http.StatusServiceUnavailable, "SHUTTING_DOWN", path)
		if a.header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", path)
		}
	}
	d.call(t, http.MethodGet, "/ready", nil).checkFailure(t, http.StatusServiceUnavailable, "SHUTTING_DOWN", "/ready")
	if x := d.execution(t, s.id); x.State != "running" { // what is there can still be read
		t.Errorf("%+v", x)
	}
	s.rest(t).ends(t, byShutdown("SIGKILL", 137))
	d.checkDown(t)
}

// A second signal ends the patience; the run's own end still arrives.
func TestShutdown_SecondSignal(t *testing.T) {
	t.Parallel()
	d := start(t, "--graceful-shutdown-timeout", "1h")
	s := d.openCommand(t, "trap 'echo heard' TERM; echo begun; while :; do sleep 1000 & wait; done")
	s.untilText(t, "begun")
	d.signal(t, syscall.SIGTERM)
	s.untilText(t, "heard")
	d.signal(t, syscall.SIGTERM)
	if end := s.rest(t).last(); end.Error == nil || end.Error.Name != "Shutdown" || end.ID == 0 {
		t.Errorf("it ends with %s", end.Raw)
	}
	d.checkDown(t)
}

// The children that ended commands have left behind go too.
func TestShutdown_Leftovers(t *testing.T) {
	t.Parallel()
	d := start(t)
	for range 5 {
		d.command(t, "sleep 1000 & setsid sleep 1000 >/dev/null 2>&1 & (setsid nohup sleep 1000 &)").ends(t, success)
	}
	if n := len(d.children()); n != 15 {
		t.Errorf("%d children live on, want 15", n)
	}
}

// So do those that are alone, in a session of their own, without a hold on anything.
func TestShutdown_LonelyLeftovers(t *testing.T) {
	t.Parallel()
	d := start(t)
	d.command(t, detached("alone")).ends(t, success)
	readNumber(t, d.dir+"/alone")
	id := d.terminal(t, object{"command": detached("onTerminal")})
	d.view(t, id, "").ends(0)
	readNumber(t, d.dir+"/onTerminal")
	if n := len(d.children()); n != 2 {
		t.Errorf("%d children live on, want 2", n)
	}
}

// detached starts one who leaves the session, and prints to nobody, and ends once that has written its pid to a file.
func detached(file string) string {
	return "setsid sh -c 'echo $$ >" + file + "; exec sleep 1000' >/dev/null 2>&1 & until [ -s " + file + " ]; do sleep 0.01; done"
}

// A child that holds the output of a command does not hold up the end when the command was forgotten, and ends too.
func TestShutdown_LeftoversOfForgotten(t *testing.T) {
	t.Parallel()
	d := start(t)
	r := d.command(t, "sleep 1000 & echo $!")
	r.ends(t, success)
	d.empty(t, http.MethodDelete, "/executions/"+r.at(0).ExecutionID, nil)
	d.fails(t, http.StatusNotFound, "EXECUTION_NOT_FOUND", http.MethodGet, "/executions/"+r.at(0).ExecutionID, nil)
	if n := len(d.children()); n != 1 {
		t.Errorf("%d children live on, want 1", n)
	}
}

// Clients that do not read, or do not get to the end of their request, do not hold up the end.
func TestShutdown_StuckClients(t *testing.T) {
	t.Parallel()
	d := start(t, "--graceful-shutdown-timeout", "2s")
	d.deaf(t, http.MethodPost, "/command", `{"command":"echo $$ >begun; yes"}`)
	half := d.dial(t)
	_, err := io.WriteString(half, "POST /command HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"command\":")
	must(t, err)
	readNumber(t, d.dir+"/begun")
	d.stop(t)
}

func TestShutdown_Idle(t *testing.T) {
	t.Parallel()
	d := start(t)
	keep := &http.Transport{}
	defer keep.CloseIdleConnections()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.url+"/ping", http.NoBody)
	must(t, err)
	r, err := keep.RoundTrip(q) // its connection stays open
	must(t, err)
	r.Body.Close()
	d.stop(t)
}
