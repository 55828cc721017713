package e2e_test

import (
	"os"
	"os/exec"
	"slices"
	"testing"
)

// Without CAP_SYS_PTRACE, as in most containers, sessions go on after a command as another user.
func TestStranger_SessionsGoOn(t *testing.T) {
	t.Parallel()
	setpriv, err := exec.LookPath("setpriv")
	if err != nil || os.Getuid() != 0 {
		t.Skip("only root can give up a capability, by setpriv(1)")
	}
	d := prepare(t, t.TempDir(), nil)
	d.cmd.Args = append([]string{setpriv, "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace"}, d.cmd.Args...)
	d.cmd.Path = setpriv
	d.launch(t)
	t.Cleanup(func() { d.stop(t) })
	s := d.newSession(t, nil)
	s.run(t, "x=1").ends(t, success)
	d.command(t, object{"command": "true", "uid": 65534}).ends(t, success)
	for want, s := range map[string]*session{"1": s, "0": d.newSession(t, nil)} {
		r := s.run(t, "echo ${x-0}")
		r.ends(t, success)
		if !slices.Equal(r.stdout(), []string{want}) {
			t.Errorf("%q, want %s", r.stdout(), want)
		}
	}
}
