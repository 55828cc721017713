package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// stateDirs are the folders of daemons in a state directory.
func stateDirs(tb testing.TB, base string) []string {
	tb.Helper()
	dirs, err := filepath.Glob(filepath.Join(base, "execd-*"))
	must(tb, err)
	return dirs
}

// grownOld makes a folder look as if nothing had happened in it for a while.
func grownOld(tb testing.TB, dir string) {
	tb.Helper()
	then := time.Now().Add(-time.Hour)
	must(tb, os.Chtimes(dir, then, then))
}

// What a killed daemon has left behind is swept by the next one; what belongs to one that lives, or to nobody here,
// is not.
func TestState_Swept(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	killed := start(t, "--state-dir", base, "--log-memory", "64KiB")
	killed.command(t, "seq 100000")
	killed.kill(t)
	left := stateDirs(t, base)
	if len(left) != 1 || len(filesIn(t, left[0])) == 0 {
		t.Fatalf("a killed daemon leaves %v", left)
	}
	alive := start(t, "--state-dir", base)
	both := stateDirs(t, base)
	foreign := filepath.Join(base, "execd-foreign")
	must(t, os.WriteFile(foreign, nil, 0o600))
	other := filepath.Join(base, "other")
	must(t, os.Mkdir(other, 0o755))
	for _, dir := range append(both, foreign, other) {
		grownOld(t, dir)
	}
	next := start(t, "--state-dir", base)
	for _, dir := range left {
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s is still there", dir)
		}
	}
	if n := len(stateDirs(t, base)); n != 3 { // of two daemons, and a file that is called like one
		t.Errorf("there are %v", stateDirs(t, base))
	}
	if _, err := os.Stat(other); err != nil {
		t.Error(err)
	}
	next.stop(t)
	alive.command(t, "true").ends(t, success)
	alive.stop(t)
	if n := len(stateDirs(t, base)); n != 1 {
		t.Errorf("in the end there are %v", stateDirs(t, base))
	}
}

// Without a state directory it is in the system's temporary one, for this user's eyes only; one that is missing is made.
func TestState_Temporary(t *testing.T) {
	t.Parallel()
	d := start(t, "--state-dir", "")
	dirs := stateDirs(t, d.tmp)
	if len(dirs) != 1 {
		t.Fatalf("in TMPDIR are %v", dirs)
	}
	info, err := os.Stat(dirs[0])
	must(t, err)
	if info.Mode().Perm() != 0o700 {
		t.Errorf("its mode is %v", info.Mode())
	}
	missing := filepath.Join(d.dir, "not", "yet")
	start(t, "--state-dir", missing).command(t, "true").ends(t, success)
	if info, err := os.Stat(missing); err != nil || !info.IsDir() {
		t.Errorf("%v, %v", info, err)
	}
	without := startWith(t, []string{"TMPDIR=" + filepath.Join(d.dir, "no", "tmp")}, "--state-dir", "")
	without.command(t, "true").ends(t, success)
}

// The reader of standard output may go, as a pager does: what is written there then is lost, and nothing else.
func TestFault_StandardOutputGone(t *testing.T) {
	t.Parallel()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	d := prepare(t, t.TempDir(), nil, "--log-file", "")
	d.cmd.Args = append([]string{"bash", "-c", `exec "$0" "$@" > >(head -n 1)`}, d.cmd.Args...)
	d.cmd.Path = bash
	d.launch(t)
	for range 20 { // each writes a line that nobody reads any more
		d.command(t, "true").ends(t, success)
	}
	d.stop(t)
}
