package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
)

// startWithoutTracing starts a daemon without CAP_SYS_PTRACE.
func startWithoutTracing(t *testing.T) *daemon {
	t.Helper()
	setpriv, err := exec.LookPath("setpriv")
	if err != nil || os.Getuid() != 0 {
		t.Skip("only root can give up a capability, by setpriv(1)")
	}
	d := prepare(t, t.TempDir(), nil)
	d.cmd.Args = append([]string{setpriv, "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace"}, d.cmd.Args...)
	d.cmd.Path = setpriv
	d.launch(t)
	t.Cleanup(func() { d.stop(t) })
	return d
}

// Without CAP_SYS_PTRACE, as in most containers, sessions go on after a command as another user.
func TestStranger_SessionsGoOn(t *testing.T) {
	t.Parallel()
	d := startWithoutTracing(t)
	s := d.newSession(t, nil)
	s.run(t, "x=1").ends(t, success)
	r := d.command(t, object{"command": "id -u; echo $EXECD_EXECUTION_ID; exit 3", "uid": 65534})
	r.ends(t, exitStatus(3, "3"))
	if !slices.Equal(r.stdout(), []string{"65534", r[0].ExecutionID}) {
		t.Errorf("%q", r.stdout())
	}
	for want, s := range map[string]*session{"1": s, "0": d.newSession(t, nil)} {
		r := s.run(t, "echo ${x-0}")
		r.ends(t, success)
		if !slices.Equal(r.stdout(), []string{want}) {
			t.Errorf("%q, want %s", r.stdout(), want)
		}
	}
}

// Sessions go on while commands as another user start.
func TestStranger_SessionsMeanwhile(t *testing.T) {
	t.Parallel()
	d := startWithoutTracing(t)
	ctx, cancel := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for range 2 {
		clients.Go(func() {
			for ctx.Err() == nil {
				d.command(t, object{"command": "true", "uid": 65534}).ends(t, success)
			}
		})
	}
	s := d.newSession(t, nil)
	for range 100 {
		r := s.run(t, "echo ok")
		if !slices.Equal(r.stdout(), []string{"ok"}) {
			t.Errorf("%q, and it ended with %s", r.stdout(), r.last().Raw)
			break
		}
	}
	cancel()
	clients.Wait()
}
