package e2e_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"testing"
)

// untilStatus reads on up to the next status event, which must be this one.
func (s *stream) untilStatus(tb testing.TB, status string, position int) {
	tb.Helper()
	e := s.until(tb, "status "+status, func(e event) bool { return e.Type == "status" })
	if e.Status != status || e.Position != position {
		tb.Errorf("status %s, want %s %d", e.Raw, status, position)
	}
}

// One run at a time, the others in the order in which they came, and no more of them than the queue takes.
func TestSession_Queue(t *testing.T) {
	t.Parallel()
	d := start(t, "--queue-length", "3")
	s := d.newSession(t, nil)
	g, wait := newGate(t)
	first := s.open(t, "echo begun; "+wait+"; log=first")
	first.untilText(t, "begun")
	waiting := make([]*stream, 3)
	for i := range waiting {
		waiting[i] = s.open(t, fmt.Sprintf("log+=' %d'; echo $log", i))
		waiting[i].untilStatus(t, "queued", i+1)
	}
	d.fails(t, http.StatusTooManyRequests, "QUEUE_FULL", http.MethodPost, "/session/"+s.ID+"/run", object{"command": "true"})
	if x := s.now(t); x.Running != first.id || x.Queued != 3 {
		t.Errorf("%+v", x)
	}
	if x := d.execution(t, waiting[1].id); x.State != "queued" {
		t.Errorf("%+v", x)
	}
	d.empty(t, http.MethodDelete, "/command?id="+waiting[1].id, nil)
	if end := waiting[1].rest(t).last(); end.Error == nil || end.Reason != "interrupt" {
		t.Errorf("the run that was taken out of the queue ends with %s", end.Raw)
	}
	g.open(t)
	first.rest(t).ends(t, success)
	for i, want := range map[int]string{0: "first 0", 2: "first 0 2"} {
		r := waiting[i].rest(t)
		r.ends(t, success)
		if !slices.Equal(r.stdout(), []string{want}) {
			t.Errorf("run %d prints %q", i, r.stdout())
		}
		if told := r.statuses(); told[len(told)-1] != "running" {
			t.Errorf("run %d is told %q", i, told)
		}
	}
}

// What a run leaves in the background does not hold it, and may print after its end.
func TestSession_Background(t *testing.T) {
	t.Parallel()
	d := start(t)
	s := d.newSession(t, nil)
	g, wait := newGate(t)
	r := s.run(t, "sleep 1000 & ("+wait+"; echo late) & echo done")
	r.ends(t, success)
	s.prints(t, "echo next", "next")
	if n := len(d.children()); n != 3 { // the shell, sleep and the subshell
		t.Errorf("%d processes, want 3: %v", n, d.children())
	}
	g.open(t)
	output := "/executions/" + r[0].ExecutionID + "/output"
	eventually(t, "the output of the child", func() bool { return d.ok(t, http.MethodGet, output, nil).body == "done\nlate\n" })
	if events := d.attach(t, r[0].ExecutionID, 0).complete(t); len(events) != len(r) {
		t.Errorf("the run got events after its last: %+v", events)
	}
	s.remove(t)
	if left := d.children(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// A run that takes too long is ended with everything that it has started; the session keeps its state.
func TestSession_Timeout(t *testing.T) {
	t.Parallel()
	d := start(t)
	for _, script := range []string{
		"sleep 1000", "while :; do :; done", "sleep 1000 | cat", "(sleep 1000; sleep 1000)", "trap '' INT TERM; sleep 1000",
		"setsid sleep 1000 & (setsid sh -c 'trap \"\" INT TERM HUP; while :; do sleep 1000; done' &); wait; sleep 1000",
		"sh -c 'trap \"\" INT; while :; do :; done'", "read -r x < <(sleep 1000)", "f() { sleep 1000; }; f; echo never",
		"x=$(sleep 1000)", "set -e; sleep 1000", "bash -c 'sleep 1000 & wait'", "kill -STOP $$", "exec sleep 1000",
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			s := d.newSession(t, nil)
			s.run(t, "export A=1; plain=2").ends(t, success)
			r := s.run(t, object{"command": script, "timeout": 300})
			end := r.last()
			if end.Error == nil || end.Reason != "timeout" || len(r.stdout()) > 0 {
				t.Errorf("it printed %q and ended with %s", r.stdout(), end.Raw)
			}
			want := "1 2"
			if script == "exec sleep 1000" { // of the shell itself only a fresh one is left
				want = "1"
			}
			s.prints(t, "echo $A $plain", want)
			if left := s.family(); len(left) > 1 {
				t.Errorf("left in the session: %v", left)
			}
		})
	}
}

// family are the processes of a session, its shell included.
func (s *session) family() []process { return processesWith("EXECD_SESSION_ID=" + s.ID) }

func TestSession_Interrupt(t *testing.T) {
	t.Parallel()
	d := start(t, "--stop-grace", "1s")
	for _, path := range []string{"/command", "/code"} {
		s := d.newSession(t, nil)
		s.run(t, "plain=2; cd /tmp; f() { echo f; }; alias greet='echo hi'; trap 'echo caught' USR1; umask 027").ends(t, success)
		for range 3 {
			r := s.open(t, "echo begun; sleep 1000; echo never")
			r.untilText(t, "begun")
			d.empty(t, http.MethodDelete, path+"?id="+r.id, nil)
			all := r.rest(t)
			if end := all.last(); end.Error == nil || end.Error.Value == "" || end.Reason != "interrupt" || len(all.stdout()) > 0 {
				t.Errorf("stdout %q, and it ended with %s", all.stdout(), end.Raw)
			}
			s.prints(t, "echo $plain; pwd; f; greet; kill -USR1 $$; umask", "2", "/tmp", "f", "hi", "caught", "0027")
		}
		s.remove(t)
	}
	if left := d.children(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// An interrupt right behind the init event must not get lost, nor take the next run with it.
func TestSession_InterruptRightAfterInit(t *testing.T) {
	t.Parallel()
	d := start(t)
	s := d.newSession(t, nil)
	for range 20 {
		r := s.open(t, "sleep 1000")
		r.until(t, "init", func(e event) bool { return e.Type == "init" })
		d.empty(t, http.MethodDelete, "/command?id="+r.id, nil)
		if end := r.rest(t).last(); end.Reason != "interrupt" || end.Error == nil {
			t.Fatalf("it ended with %s", end.Raw)
		}
		s.prints(t, "echo ok", "ok")
	}
}

// An interrupt that comes as the run ends by itself does not hurt the session.
func TestSession_InterruptAtTheEnd(t *testing.T) {
	t.Parallel()
	d := start(t)
	s := d.newSession(t, nil)
	s.run(t, "plain=2").ends(t, success)
	for range 30 {
		r := s.open(t, "echo begun")
		r.untilText(t, "begun")
		if a := d.call(t, http.MethodDelete, "/command?id="+r.id, nil); a.status != http.StatusOK && a.status != http.StatusNotFound {
			t.Fatalf("%d %s", a.status, a.body)
		}
		r.rest(t)
		s.prints(t, "echo $plain", "2")
	}
}

func TestSession_Isolated(t *testing.T) {
	t.Parallel()
	d := start(t)
	var clients sync.WaitGroup
	for i := range 6 {
		clients.Go(func() {
			me := fmt.Sprintf("session %d", i)
			s := d.newSession(t, nil)
			s.run(t, fmt.Sprintf("export ME='%s'; mkdir -p %d; cd %d; who() { echo \"$ME\"; }", me, i, i)).ends(t, success)
			for range 10 {
				s.prints(t, "who; echo $ME; basename $PWD; seq 50 | tail -n 1", me, me, fmt.Sprint(i), "50")
			}
		})
	}
	clients.Wait()
}

// Sessions run at the same time: each waits for a word of the other.
func TestSession_Parallel(t *testing.T) {
	t.Parallel()
	d := start(t)
	ping, awaitPing := newGate(t)
	pong, awaitPong := newGate(t)
	a := d.newSession(t, nil).open(t, awaitPing+"; echo >"+pong.path+"; echo a")
	b := d.newSession(t, nil).open(t, "echo >"+ping.path+"; "+awaitPong+"; echo b")
	for s, want := range map[*stream]string{a: "a", b: "b"} {
		if got := s.complete(t).stdout(); !slices.Equal(got, []string{want}) {
			t.Errorf("%q, want %s", got, want)
		}
	}
}

// The end of a session takes everything with it: the run, those that wait, and what earlier runs have left.
func TestSession_Delete(t *testing.T) {
	t.Parallel()
	d := start(t)
	for _, path := range []string{"/session/", "/command?id=", "/code?id="} { // an interrupt by its id ends a session too
		s := d.newSession(t, nil)
		s.run(t, "sleep 1000 & setsid sleep 1000 & (setsid sh -c 'trap \"\" TERM HUP INT; sleep 1000' &)").ends(t, success)
		running := s.open(t, "echo begun; trap '' TERM HUP INT; sleep 1000")
		running.untilText(t, "begun")
		queued := s.open(t, "echo never")
		queued.untilStatus(t, "queued", 1)
		d.empty(t, http.MethodDelete, path+s.ID, nil)
		if left := d.children(); len(left) > 0 {
			t.Errorf("%s: left: %v", path, left)
		}
		for _, r := range []run{running.rest(t), queued.rest(t)} {
			if end := r.last(); end.Error == nil || end.Reason != "deleted" || len(r.stdout()) > 0 {
				t.Errorf("%s: it printed %q and ended with %s", path, r.stdout(), end.Raw)
			}
		}
		d.fails(t, http.StatusNotFound, "CONTEXT_NOT_FOUND", http.MethodDelete, "/session/"+s.ID, nil)
		d.fails(t, http.StatusNotFound, "CONTEXT_NOT_FOUND", http.MethodPost, "/session/"+s.ID+"/run", object{"command": "true"})
	}
}

func TestSession_Shutdown(t *testing.T) {
	t.Parallel()
	d := start(t)
	s := d.newSession(t, nil)
	s.run(t, "sleep 1000 & setsid sleep 1000 &").ends(t, success)
	idle := d.newSession(t, nil)
	idle.run(t, "sleep 1000 &").ends(t, success)
	running := s.open(t, "i=0; while :; do echo $((i++)); done")
	running.untilText(t, "100")
	queued := s.open(t, "echo never")
	queued.untilStatus(t, "queued", 1)
	d.signal(t, syscall.SIGTERM)
	r := running.rest(t)
	if end := r.last(); end.Error == nil || end.Reason != "shutdown" {
		t.Errorf("the run ends with %s", end.Raw)
	}
	for i, text := range r.stdout() {
		if text != itoa(101+i) {
			t.Fatalf("line %d is %q", 101+i, text)
		}
	}
	if r := queued.rest(t); r.last().Reason != "shutdown" || len(r.stdout()) > 0 {
		t.Errorf("the run that waits prints %q and ends with %s", r.stdout(), r.last().Raw)
	}
	d.checkDown(t)
}

// Sessions by the hundred end within the window of a shutdown.
func TestSession_ShutdownOfMany(t *testing.T) {
	t.Parallel()
	d := start(t)
	const many = 200
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for range many / 4 {
				d.newSession(t, nil)
			}
		})
	}
	clients.Wait()
	d.signal(t, syscall.SIGTERM)
	d.checkDown(t)
}
