package e2e_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// memoryGroup makes a control group with a limit of memory, and returns its directory.
func memoryGroup(tb testing.TB, limit string) string {
	tb.Helper()
	for parent, file := range map[string]string{"/sys/fs/cgroup/memory": "memory.limit_in_bytes", "/sys/fs/cgroup": "memory.max"} {
		dir := filepath.Join(parent, "execd-e2e-"+newMarker())
		if os.Mkdir(dir, 0o755) != nil {
			continue
		}
		tb.Cleanup(func() { eventually(tb, "an empty "+dir, func() bool { return os.Remove(dir) == nil }) })
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			continue
		}
		_ = os.WriteFile(filepath.Join(dir, "memory.swap.max"), []byte("0"), 0) // or it would swap instead
		_ = os.WriteFile(filepath.Join(dir, "memory.swappiness"), []byte("0"), 0)
		must(tb, os.WriteFile(filepath.Join(dir, file), []byte(limit), 0))
		return dir
	}
	tb.Skip("no control group with a limit of memory can be made here")
	return ""
}

// In a container with a limit the metrics are the container's, with the machine's beside them; and a command that the
// kernel kills for want of memory says so, also where it was a shell's child. One that somebody else kills does not.
func TestOOM_IsToldInALimitedContainer(t *testing.T) {
	t.Parallel()
	const limit = 192
	group := memoryGroup(t, "192M")
	d := prepare(t, t.TempDir(), nil)
	d.cmd.Args = append([]string{"sh", "-c", `echo $$ >"$0/cgroup.procs" && exec "$@"`, group}, d.cmd.Args...)
	d.cmd.Path = "/bin/sh"
	d.launch(t)
	t.Cleanup(func() { d.stop(t) })
	m := get[sample](t, d, "/metrics")
	m.check(t)
	if m.MemTotal != limit || m.Host.MemTotal <= limit || m.MemUsed > limit || !m.Limited {
		t.Errorf("of a limit of %d MiB it tells %+v", limit, m)
	}
	for _, script := range []string{"exec tail /dev/zero", "tail /dev/zero"} {
		r := d.command(t, script)
		if end := r.last(); end.Reason != "oom" || end.Error == nil || !strings.Contains(strings.Join(end.Error.Traceback, " "), "OOM") {
			t.Errorf("%q ended with %s", script, end.Raw)
		}
	}
	if end := d.command(t, "kill -KILL $$").last(); end.Reason != "" || end.Signal != "SIGKILL" {
		t.Errorf("what killed itself ended with %s", end.Raw)
	}
	if got := d.command(t, "echo alive").stdout(); !slices.Equal(got, []string{"alive"}) {
		t.Errorf("then %q", got)
	}
}
