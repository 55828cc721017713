package e2e_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// prepareStranger is prepare for a daemon that runs as another user, which takes root.
func prepareStranger(tb testing.TB, uid int, env []string) *daemon {
	tb.Helper()
	if os.Getuid() != 0 {
		tb.Skip("only root can start execd as another user")
	}
	dir, err := os.MkdirTemp("", "execd-e2e") //nolint:usetesting // what TempDir makes is below a folder that only root may enter
	must(tb, err)
	tb.Cleanup(func() { must(tb, os.RemoveAll(dir)) })
	d := prepare(tb, dir, env)
	own := filepath.Join(d.dir, "execd") // where it is built this user may not look
	// By another process: one of another test that is being born would have the file open to write, and keep it busy.
	must(tb, exec.CommandContext(tb.Context(), "cp", d.cmd.Path, own).Run())
	must(tb, os.Chmod(own, 0o700))
	for _, path := range append(filesIn(tb, d.dir), d.dir) {
		must(tb, os.Chown(path, uid, uid))
	}
	d.cmd.Path = own
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	return d
}

// startStranger is start for such a daemon.
func startStranger(t *testing.T, uid int, env []string) *daemon {
	t.Helper()
	d := prepareStranger(t, uid, env)
	d.launch(t)
	t.Cleanup(func() { d.stop(t) })
	return d
}

// Where no more processes may be made a command does not start and says so, and the daemon, whose threads count as
// processes, lives on; commands start again when there is room.
func TestFault_NoProcesses(t *testing.T) {
	t.Parallel()
	d := prepareStranger(t, 54_321, nil)
	d.cmd.Args = append([]string{"bash", "-c", `ulimit -u 60; exec "$0" "$@"`, d.cmd.Path}, d.cmd.Args[1:]...)
	d.cmd.Path = "/bin/bash"
	d.launch(t)
	t.Cleanup(func() { d.stop(t) })
	begun := []string{}
	unborn := 0
	for range 80 {
		s := d.openCommand(t, "echo begun; exec sleep 1000")
		e := s.until(t, "output or the end", func(e event) bool { return e.Type == "stdout" || e.terminal() })
		if e.terminal() {
			unborn++
			if e.Error == nil || e.Error.Name != "CommandExecError" || e.Error.Value == "" {
				t.Errorf("it ended with %s", e.Raw)
			}
			continue
		}
		begun = append(begun, s.id)
		s.close() // it is read again later
	}
	if unborn == 0 || len(begun) == 0 {
		t.Errorf("%d commands began and %d did not", len(begun), unborn)
	}
	for _, id := range begun {
		d.empty(t, http.MethodDelete, "/command?id="+id, nil)
	}
	d.command(t, "true").ends(t, success)
}
