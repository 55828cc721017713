package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	foreign := filepath.Join(base, "execd-1")
	must(t, os.WriteFile(foreign, nil, 0o600))
	others := map[string]os.FileMode{"other": 0o700, "execd-data": 0o700, "execd-2x": 0o700, "execd-2": 0o755}
	for name, mode := range others {
		dir := filepath.Join(base, name)
		must(t, os.Mkdir(dir, mode))
		must(t, os.Chmod(dir, mode)) // whatever the umask is
		writeFile(t, dir+"/file", "somebody's")
		grownOld(t, dir)
	}
	for _, dir := range append(both, foreign) {
		grownOld(t, dir)
	}
	next := start(t, "--state-dir", base)
	for _, dir := range left {
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s is still there", dir)
		}
	}
	for name := range others {
		if _, err := os.Stat(filepath.Join(base, name, "file")); err != nil {
			t.Error(err)
		}
		must(t, os.RemoveAll(filepath.Join(base, name)))
	}
	if n := len(stateDirs(t, base)); n != 3 { // of two daemons, and a file that is called like one
		t.Errorf("there are %v", stateDirs(t, base))
	}
	next.stop(t)
	alive.command(t, "true").ends(t, success)
	alive.stop(t)
	if n := len(stateDirs(t, base)); n != 1 {
		t.Errorf("in the end there are %v", stateDirs(t, base))
	}
}

// Whatever the machine's clock was set to meanwhile: what a daemon that lives has stays, and what is left behind goes.
func TestState_ClockSet(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	alive := []*daemon{start(t, "--state-dir", base), start(t, "--state-dir", base)}
	living := stateDirs(t, base)
	for range 2 {
		start(t, "--state-dir", base).kill(t)
	}
	starting := filepath.Join(base, "execd-1") // is without its lock for a moment
	must(t, os.Mkdir(starting, 0o700))
	dead := slices.DeleteFunc(stateDirs(t, base), func(dir string) bool { return dir == starting || slices.Contains(living, dir) })
	for _, never := range []string{"execd-2", "execd-3"} { // got no further than that
		dir := filepath.Join(base, never)
		must(t, os.Mkdir(dir, 0o700))
		dead = append(dead, dir)
	}
	for i, ahead := range []time.Duration{5 * time.Hour, -5 * time.Hour, 5 * time.Hour, -5 * time.Hour} {
		at := time.Now().Add(ahead)
		if i < len(living) {
			must(t, os.Chtimes(living[i], at, at))
		}
		if i < len(dead) {
			must(t, os.Chtimes(dead[i], at, at))
		}
	}
	next := start(t, "--state-dir", base)
	for _, dir := range dead {
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s is still there", dir)
		}
	}
	for _, dir := range append(living, starting) {
		if _, err := os.Stat(dir); err != nil {
			t.Error(err)
		}
	}
	for _, d := range append(alive, next) {
		d.command(t, "true").ends(t, success)
		d.stop(t)
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
