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

// What a run leaves in the shell is there in the next one.
func TestSession_State(t *testing.T) {
	t.Parallel()
	d := start(t)
	dir := t.TempDir()
	for _, c := range []struct {
		name, before, script string
		want                 []string
	}{
		{"variable", "plain='not exported'", `echo "$plain"; sh -c 'echo "[$plain]"'`, []string{"not exported", "[]"}},
		{"export", "export GIVEN='a b'", `sh -c 'echo "$GIVEN"'`, []string{"a b"}},
		{"odd value", "export ODD=$'a\\nb \"\\' $x \\\\ \\t.'", `printf '%q\n' "$ODD"`, []string{`$'a\nb "\' $x \\ \t.'`}},
		{"large value", "x=$(head -c 1000000 /dev/zero | tr '\\0' x)", `echo ${#x}`, []string{"1000000"}},
		{"unset", "unset HOME", `echo "${HOME-gone}"`, []string{"gone"}},
		{"array", "a=(1 'two 2' 3); declare -A m=([k]=v)", `echo "${a[1]}" "${m[k]}"`, []string{"two 2 v"}},
		{"function", "f() {\n  echo \"f of $1\"\n}", "f x", []string{"f of x"}},
		{"alias", "alias greet='echo hello'", "greet you", []string{"hello you"}},
		{"options", "set -o pipefail; shopt -s nullglob", "false | true; echo $? /nonexistent/*", []string{"1"}},
		{"trap", "trap 'echo caught' USR1", "kill -USR1 $$", []string{"caught"}},
		{"directory", "cd " + dir, "pwd; cd -; pwd", []string{dir, d.dir, d.dir}},
		{"umask", "umask 027", "umask", []string{"0027"}},
		{"limit", "ulimit -n 99", "ulimit -n", []string{"99"}},
		{"job", "sleep 1000 & started=$!", `jobs -p | grep -cx "$started"; kill $started; wait $started; echo $?`, []string{"1", "143"}},
		{"descriptor", "exec 7>" + dir + "/seven", "echo x >&7; exec 7>&-; cat " + dir + "/seven", []string{"x"}},
		{"positional", "set -- a 'b c'", `echo "$2" $#`, []string{"b c 2"}},
		{"process", "pid=$$", `[ $pid = $$ ] && echo same`, []string{"same"}},
		{"status", "(exit 3)", "echo fine", []string{"fine"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := d.newSession(t, nil)
			s.run(t, c.before)
			s.prints(t, c.script, c.want...)
		})
	}
}

func TestSession_RunSettings(t *testing.T) {
	t.Parallel()
	d := start(t)
	s := d.newSession(t, nil)
	dir := t.TempDir()
	r := s.run(t, object{"command": "pwd; echo $ONE", "cwd": dir, "envs": object{"ONE": "1; '\n$x"}})
	if !slices.Equal(r.stdout(), []string{dir, "1; ' $x"}) {
		t.Errorf("stdout %q", r.stdout())
	}
	s.prints(t, `pwd; sh -c 'echo "$ONE"'`, dir, "1; '", "$x")
	if x := s.now(t); x.Cwd != dir {
		t.Errorf("the session is in %q", x.Cwd)
	}
	long := strings.Repeat("# a line that says nothing\n", 10_000) + "echo 'it''s the end'"
	s.prints(t, long, "its the end")
	for id, want := range map[string]string{s.ID: s.ID, r[0].Text: s.ID} {
		if id != want || r[0].Text == r[0].ExecutionID {
			t.Errorf("init %s in session %s", r[0].Raw, s.ID)
		}
	}
	x := d.execution(t, r[0].ExecutionID)
	if x.Kind != "session" || x.ContextID != s.ID || x.State != "ended" || x.ExitCode == nil || *x.ExitCode != 0 {
		t.Errorf("%+v", x)
	}
}

// How a run ends that ends its shell, and what the next one is told and finds.
func TestSession_FreshShell(t *testing.T) {
	t.Parallel()
	d := start(t)
	killed := exitStatus(137, "-1")
	killed.signal = "SIGKILL"
	for _, c := range []struct {
		script string
		want   ending
	}{
		{"exit 7", exitStatus(7, "7")},
		{"exit", success},
		{"g() { exit 3; }; g; echo never", exitStatus(3, "3")},
		{"set -e; false; echo never", exitStatus(1, "1")},
		{"exec sh -c 'exit 4'", exitStatus(4, "4")},
		{"kill -9 $$", killed},
		{"sleep 1000 & kill -9 $$; echo never", killed},
	} {
		t.Run(c.script, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := d.newSession(t, nil)
			s.run(t, "cd '"+dir+"'; export KEPT=$'a \\n b' ; plain=x; f() { :; }; export -f f; unset HOME").ends(t, success)
			r := s.run(t, c.script)
			r.ends(t, c.want)
			if len(r.stdout()) > 0 {
				t.Errorf("stdout %q", r.stdout())
			}
			r = s.run(t, `pwd; echo "$KEPT"; echo "[$plain][${HOME-gone}]"; f && echo f`)
			if want := []string{dir, "a ", " b", "[][gone]", "f"}; !slices.Equal(r.stdout(), want) {
				t.Errorf("the fresh shell prints %q, want %q", r.stdout(), want)
			}
			if e := r[1]; e.Status != "fresh_shell" || e.Reason == "" || e.Text != "" {
				t.Errorf("its first event is %s", e.Raw)
			}
			if r = s.run(t, "true"); len(r.statuses()) > 0 {
				t.Errorf("the run after that is told %q", r.statuses())
			}
		})
	}
}

// A shell that somebody else kills between two runs is replaced too.
func TestSession_KilledBetweenRuns(t *testing.T) {
	t.Parallel()
	d := start(t)
	s := d.newSession(t, nil)
	file := t.TempDir() + "/pid"
	s.run(t, "cd /tmp; export A=1; echo $$ >"+file).ends(t, success)
	s.run(t, ":").ends(t, success) // the shell tells its variables after the end of a run, so those of the first are known now
	kill(t, readNumber(t, file))
	r := s.run(t, "pwd; echo $A")
	if end := r.last(); end.Signal == "SIGKILL" { // it was quicker than the news
		r = s.run(t, "pwd; echo $A")
	}
	r.ends(t, success)
	if !slices.Equal(r.stdout(), []string{"/tmp", "1"}) || !slices.Equal(r.statuses(), []string{"fresh_shell"}) {
		t.Errorf("%q, %q", r.stdout(), r.statuses())
	}
}

// Fresh shells go where they can: the directory of the last one may be gone.
func TestSession_DirectoryGone(t *testing.T) {
	t.Parallel()
	d := start(t)
	dir := t.TempDir() + "/gone"
	s := d.newSession(t, object{"cwd": dir})
	must(t, os.RemoveAll(dir))
	s.run(t, "exit 3").ends(t, exitStatus(3, "3"))
	s.prints(t, "pwd", "/")
}

// Text that looks like what any of the parties might say to another is text.
func TestSession_PlainText(t *testing.T) {
	t.Parallel()
	d := start(t)
	s := d.newSession(t, nil)
	lines := []string{
		"__EXECD_END__ 0", "EXIT_CODE:0", `data: {"type":"execution_complete"}`, `{"type":"error"}`, "id: 7", ": comment", "event: end",
		"declare -x PATH=\"/nowhere\"", "exit 3", "$?", "[1]+  Done", "bash: error", "\\builtin", "EOF", "----", "'", "\\0", "R0 /",
	}
	file := t.TempDir() + "/lines"
	must(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	s.prints(t, "cat "+file, lines...)
	r := s.run(t, "cat "+file+" >&2; printf 'no end'; exit 2")
	if !slices.Equal(r.stderr(), lines) || !slices.Equal(r.stdout(), []string{"no end"}) {
		t.Errorf("stderr %q, stdout %q", r.stderr(), r.stdout())
	}
	r.ends(t, exitStatus(2, "2"))
	s.prints(t, "printf 'a\n\n\nb'", "a", "\n", "\n", "b")
}

// Nothing that a run reads is what the session is told next.
func TestSession_Stdin(t *testing.T) {
	t.Parallel()
	d := start(t)
	s := d.newSession(t, nil)
	for _, reader := range []string{"cat", "read -r x; echo \"$x\"", "bash", "head -c 100", "mapfile a; echo ${a[@]}", "ssh() { cat; }; ssh"} {
		r := s.run(t, reader+"\necho behind")
		if r.stdout()[len(r.stdout())-1] != "behind" || len(r.stdout()) > 2 {
			t.Errorf("%q: %q", reader, r.stdout())
		}
	}
	if a := d.call(t, http.MethodPost, fmt.Sprintf("/executions/%s/stdin", s.run(t, "true")[0].ExecutionID), "x"); a.status < 400 {
		t.Errorf("input for a run that has ended: %d", a.status)
	}
}

// A script is run as it was sent, however long it is and whatever an earlier one has made of the shell.
func TestSession_LongScript(t *testing.T) {
	t.Parallel()
	d := start(t)
	long := "echo Head $#\n" + strings.Repeat("# a line that says nothing\n", 8_000) + "/bin/echo 'it''s' the End"
	for _, before := range []string{
		"true", "readonly IFS", "IFS=e", "set -a", "set -eu", "shopt -s nullglob extglob", "set -o posix", "mapfile() { :; }",
		"for v in $(compgen -v EXECD); do readonly $v; done; readonly EXECD_SCRIPT=mine", "enable -n mapfile", "alias mapfile=false",
	} {
		s := d.newSession(t, nil)
		s.run(t, before).ends(t, success)
		for range 2 {
			s.prints(t, long, "Head 0", "its the End")
		}
		s.prints(t, "compgen -v EXECD_SCRIPT_ || echo ok", "ok")
		s.remove(t)
	}
}

// A run in front of which the shell ends, by what an earlier one has left, is given to a fresh shell.
func TestSession_EndedBeforeTheRun(t *testing.T) {
	t.Parallel()
	d := start(t)
	s := d.newSession(t, nil)
	g, wait := newGate(t)
	marker := t.TempDir() + "/leaving"
	shell := s.run(t, "export kept=1; trap 'trap \"\" USR1; : >"+marker+"; "+wait+"; exit 5' USR1; echo $$").stdout()
	pid, err := strconv.Atoi(shell[0])
	must(t, err)
	eventually(t, "the trap", func() bool { // bash does not look at a signal that comes just before it begins to read
		must(t, syscall.Kill(pid, syscall.SIGUSR1))
		_, err := os.Stat(marker)
		return err == nil
	})
	next := s.open(t, object{"command": "read -r x; echo $x $kept $ADDED", "stdin": true, "envs": object{"ADDED": "2"}})
	d.feed(t, next.id, "", "given\n")
	eventually(t, "the run", func() bool { return s.now(t).Running == next.id })
	g.open(t)
	r := next.rest(t)
	r.ends(t, success)
	if !slices.Equal(r.stdout(), []string{"given 1 2"}) || !slices.Equal(r.statuses(), []string{"fresh_shell"}) {
		t.Errorf("it prints %q and is told %q", r.stdout(), r.statuses())
	}
	if x := s.run(t, "echo next"); len(x.statuses()) > 0 {
		t.Errorf("the next one is told %q", x.statuses())
	}
}
