package e2e_test

import (
	"net/http"
	"slices"
	"testing"
)

func TestInterrupt_EndsTheFamily(t *testing.T) {
	t.Parallel()
	d := start(t)
	family := "sleep 1000 & (sleep 1000 & exec sleep 1000) & setsid sleep 1000 & " +
		"(setsid sh -c 'sleep 1000 & sleep 1000' &) ; echo begun; sleep 1000"
	want := exitStatus(143, "-1")
	want.signal, want.reason = "SIGTERM", "interrupt"
	for _, path := range []string{"/command", "/code"} { // either takes any id
		s := d.openCommand(t, family)
		s.untilText(t, "begun")
		d.empty(t, http.MethodDelete, path+"?id="+s.id, nil)
		if left := d.children(); len(left) > 0 {
			t.Errorf("after the interrupt there are %v", left)
		}
		s.rest(t).ends(t, want)
		id := d.background(t, family)
		d.attach(t, id, 0).untilText(t, "begun")
		d.empty(t, http.MethodDelete, path+"?id="+id, nil)
		d.attach(t, id, 0).complete(t).ends(t, want)
		if st := d.status(t, id); st.Running || st.ExitCode == nil || *st.ExitCode != -1 || st.Error == "" {
			t.Errorf("status: %+v", st)
		}
	}
}

// An interrupt right behind the init event must not get lost, however little of the command there is by then.
func TestInterrupt_RightAfterInit(t *testing.T) {
	t.Parallel()
	d := start(t)
	for range 20 {
		s := d.openCommand(t, "sleep 1000")
		s.until(t, "init", func(e event) bool { return e.Type == "init" })
		d.empty(t, http.MethodDelete, "/command?id="+s.id, nil)
		if end := s.rest(t).last(); end.Reason != "interrupt" || end.Error == nil {
			t.Fatalf("it ended with %s", end.Raw)
		}
	}
}

func TestInterrupt_Handlers(t *testing.T) {
	t.Parallel()
	d := start(t, "--stop-grace", "300ms")
	ignores := exitStatus(137, "-1")
	ignores.signal, ignores.reason = "SIGKILL", "interrupt"
	cleansUp := exitStatus(5, "5")
	cleansUp.reason = "interrupt"
	for _, c := range []struct {
		name, script string
		stdout       []string
		want         ending
	}{
		{"cleans up", `trap 'echo bye; exit 5' TERM; echo begun; while :; do sleep 1000 & wait; done`, []string{"begun", "bye"}, cleansUp},
		{"ignores", `trap '' TERM; echo begun; sleep 1000; sleep 1000`, []string{"begun"}, ignores},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := d.openCommand(t, c.script)
			s.untilText(t, "begun")
			d.empty(t, http.MethodDelete, "/command?id="+s.id, nil)
			r := d.attach(t, s.id, 0).complete(t)
			r.ends(t, c.want)
			if !slices.Equal(r.stdout(), c.stdout) {
				t.Errorf("stdout %q", r.stdout())
			}
		})
	}
}

func TestInterrupt_Refused(t *testing.T) {
	t.Parallel()
	d := start(t)
	over := d.command(t, "true")[0].Text
	for _, path := range []string{"/command", "/code"} {
		d.fails(t, http.StatusBadRequest, "MISSING_QUERY", http.MethodDelete, path, nil)
		d.fails(t, http.StatusBadRequest, "MISSING_QUERY", http.MethodDelete, path+"?id=", nil)
		d.fails(t, http.StatusNotFound, "EXECUTION_NOT_FOUND", http.MethodDelete, path+"?id=nobody", nil)
		d.fails(t, http.StatusNotFound, "EXECUTION_NOT_FOUND", http.MethodDelete, path+"?id="+over, nil)
	}
}

// The child of a command dies by somebody else's hand: the command tells so, and the daemon serves on.
func TestFault_CommandKilled(t *testing.T) {
	t.Parallel()
	d := start(t)
	want := exitStatus(137, "-1")
	want.signal = "SIGKILL"
	for _, background := range []bool{false, true} {
		pidFile := t.TempDir() + "/pid"
		script := "echo $$ >" + pidFile + "; echo begun; exec sleep 1000"
		var id string
		if background {
			id = d.background(t, script)
		} else {
			id = d.openCommand(t, script).id
		}
		s := d.attach(t, id, 0)
		s.untilText(t, "begun")
		kill(t, readNumber(t, pidFile))
		s.rest(t).ends(t, want)
	}
	d.command(t, "true").ends(t, success)
}
