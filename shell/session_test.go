//go:build linux

package shell_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"execd/shell"
)

func newSession(t *testing.T) *shell.Session {
	t.Helper()
	id := "session-" + strings.ReplaceAll(t.Name(), "/", "-")
	s, err := shell.NewSession(shell.SessionConfig{ID: id, Dir: t.TempDir(), Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(t.Context()) })
	return s
}

// result is what a run printed and how it ended.
type result struct {
	out, err string
	exit     shell.Exit
	late     <-chan struct{}
	record   *record
}

func do(t *testing.T, s *shell.Session, r shell.Run) result {
	t.Helper()
	if r.ID == "" {
		r.ID = "run"
	}
	out := newRecord()
	exit, late, err := s.Run(r, out)
	if err != nil {
		t.Fatalf("%q: %v", r.Script, err)
	}
	return result{out.get(shell.Stdout), out.get(shell.Stderr), exit, late, out}
}

// long has a session run a script meanwhile, as "long". The channel gets how it ended,
// and is closed when nobody who could print is left.
func long(t *testing.T, s *shell.Session, script string) (*record, <-chan shell.Exit) {
	t.Helper()
	out, ended := newRecord(), make(chan shell.Exit, 1)
	go func() {
		defer close(ended)
		exit, late, err := s.Run(shell.Run{ID: "long", Script: script}, out)
		if err != nil {
			t.Error(err)
			return
		}
		ended <- exit
		<-late
	}()
	return out, ended
}

func say(t *testing.T, s *shell.Session, script string) result {
	t.Helper()
	return do(t, s, shell.Run{Script: script})
}

// expect runs a script and holds its output against what it should be.
func expect(t *testing.T, s *shell.Session, script, stdout string, code int) {
	t.Helper()
	if got := say(t, s, script); got.out != stdout || got.exit.Code != code {
		t.Errorf("%q: %q, %v, stderr %q; want %q, %d", script, got.out, got.exit, got.err, stdout, code)
	}
}

func TestSession_StateIsReal(t *testing.T) {
	s := newSession(t)
	for _, setup := range []string{
		"f() { echo f $1; }", "alias ll='echo LL'", "x='a \"b\" $c\n\\d'", "arr=(1 'two words' 3)", "declare -A map=([k]=v)",
		"export e=exported", "set -o pipefail; shopt -s nullglob", "trap 'echo usr1' USR1", "umask 027", "cd /tmp",
		"sleep 600 & job=$!", "readonly r=1",
	} {
		if got := say(t, s, setup); got.exit.Code != 0 || got.out+got.err != "" {
			t.Fatalf("%s: %+v", setup, got)
		}
	}
	expect(t, s, "f 1; ll", "f 1\nLL\n", 0)
	expect(t, s, `printf %s "$x"`, "a \"b\" $c\n\\d", 0)
	expect(t, s, `echo "${arr[1]}" ${#arr[@]} ${map[k]} $r`, "two words 3 v 1\n", 0)
	expect(t, s, "bash -c 'echo $e'", "exported\n", 0)
	expect(t, s, "false | true", "", 1)
	expect(t, s, "kill -USR1 $$", "usr1\n", 0)
	expect(t, s, "umask; pwd", "0027\n/tmp\n", 0)
	expect(t, s, "jobs -r | wc -l; kill $job; wait $job", "1\n", 143)
	if s.Fresh() != "" || s.Dir() != "/tmp" {
		t.Errorf("fresh %q, directory %s", s.Fresh(), s.Dir())
	}
}

// Whatever a script does, the next run works.
func TestSession_NothingPoisons(t *testing.T) {
	s := newSession(t)
	for script, code := range map[string]int{
		"cat <<E\nhere\nE":               0,
		"cat <<E\nno end":                0,
		"exit 3":                         3,
		"exec true":                      0,
		"exec sh -c 'exit 9'":            9,
		"exec /does/not/exist":           127,
		"set -e; false; echo no":         1,
		"echo 'unbalanced":               2,
		"echo )":                         2,
		"read x":                         1,
		"cat":                            0,
		"kill -9 $$":                     137,
		"exec 1>&-":                      0,
		"exec 0<&- 2>&-":                 0,
		"break; continue":                0,
		"set -n":                         0,
		"builtin() { :; }":               0,
		"eval() { :; }; printf() { :; }": 0,
		"alias builtin=false eval=false": 0,
		"set -u; unset PWD":              0,
		"IFS=x; PS4=; LC_ALL=C":          0,
		"exec 3>&- 4>&- 251>&-":          0,
		"for ((i=3; i<255; i++)); do eval \"exec $i>&-\"; done": 0,
		".() { return 9; }; source() { return 9; }":             0,
		"alias .=false source=false":                            0,
		"exec 255<&-":                                           0,
		"trap 'exit 5' EXIT; exit 4":                            5,
		"set -o posix; set -x; set -v":                          0,
		"return 3":                                              2,
		"(exit 7)":                                              7,
		"declare -r EXECD_SCRIPT=1":                             0,
		"set -C; set -o noclobber":                              0,
		"ulimit -n 5; true":                                     0,
		"enable -n printf declare":                              0,
	} {
		got := say(t, s, script)
		if code != got.exit.Code && !strings.Contains(script, "255") && !strings.Contains(script, "ulimit") {
			t.Errorf("%q ended with %v, stderr %q", script, got.exit, got.err)
		}
		next := say(t, s, "echo ok")
		if next.out != "ok\n" || next.exit.Code != 0 {
			t.Errorf("after %q: %q, %v, stderr %q", script, next.out, next.exit, next.err)
		}
		if strings.HasPrefix(script, "set") || strings.HasPrefix(script, "ulimit") || strings.Contains(script, "eval") {
			say(t, s, "exit 0") // the state itself is not what the next one is about
		}
	}
}

// What a shell needs to tell the end of a run is not in the way of scripts, and they not in its.
func TestSession_KeepsNoDescriptorForItself(t *testing.T) {
	s := newSession(t)
	const count = "set -- /proc/self/fd/*; echo $#"
	before := say(t, s, "sh -c '"+count+"'").out
	_, out := run(t, "sh -c '"+count+"'")
	if want := out.get(shell.Stdout); before != want {
		t.Errorf("a child has %q descriptors, want %q as that of any command", before, want)
	}
	expect(t, s, ".() { return 9; }; kept=1", "", 0)
	expect(t, s, "echo $kept; exec 251>&-", "1\n", 0)
	expect(t, s, "echo $kept", "1\n", 0)
	if why := s.Fresh(); why != "" {
		t.Errorf("the shell is another one: %s", why)
	}
}

func TestSession_FreshShell(t *testing.T) {
	s := newSession(t)
	for _, end := range []string{"exit 3", "kill -9 $$", "exec true"} {
		say(t, s, "cd /usr; export kept='a b'; unexported=1; export -n HOME; unset SHLVL")
		say(t, s, end)
		if s.Fresh() == "" {
			t.Errorf("%s: the shell is said to be the same", end)
		}
		expect(t, s, "echo $PWD/$kept/$unexported/", "/usr/a b//\n", 0)
		expect(t, s, "export -p | grep -c ' HOME='", "0\n", 1)
		if s.Fresh() != "" {
			t.Errorf("%s: it is told twice", end)
		}
	}
	expect(t, s, "cd /bin; export last=known; exit 4", "", 4)
	expect(t, s, "pwd; echo $last", "/bin\nknown\n", 0)
	dir := t.TempDir() + "/gone"
	expect(t, s, "mkdir "+dir+"; cd "+dir+"; rmdir "+dir+"; exit 1", "", 1)
	expect(t, s, "pwd", "/\n", 0)
}

func TestSession_OutputIsData(t *testing.T) {
	s := newSession(t)
	got := say(t, s, `printf 'a\0b\xff\n'; echo err >&2; printf 'no newline'`)
	if got.out != "a\x00b\xff\nno newline" || got.err != "err\n" {
		t.Errorf("%q, %q", got.out, got.err)
	}
	got = say(t, s, "head -c 10000000 /dev/zero")
	if len(got.out) != 10_000_000 {
		t.Errorf("%d bytes", len(got.out))
	}
	long := "echo " + strings.Repeat("é", 100_000)
	if got = say(t, s, long); got.out != strings.Repeat("é", 100_000)+"\n" {
		t.Errorf("a long script printed %d bytes", len(got.out))
	}
	if _, _, err := s.Run(shell.Run{Script: "echo \x00"}, newRecord()); !errors.Is(err, shell.ErrNUL) {
		t.Error(err)
	}
}

func TestSession_RunHasItsOwn(t *testing.T) {
	s := newSession(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteString("typed\n"); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	const show = "cat; pwd; echo $V $EXECD_EXECUTION_ID $EXECD_SESSION_ID"
	got := do(t, s, shell.Run{ID: "abc", Script: show, Dir: "/usr", Env: []string{"V=v w"}, Stdin: r})
	_ = r.Close()
	if got.out != "typed\n/usr\nv w abc session-"+t.Name()+"\n" {
		t.Errorf("%q, %q", got.out, got.err)
	}
}

func TestSession_BackgroundOutputStaysWithItsRun(t *testing.T) {
	s := newSession(t)
	gate := fifo(t)
	first := say(t, s, "{ read x <"+gate+"; echo late; } & echo first")
	if first.out != "first\n" {
		t.Fatalf("%q", first.out)
	}
	expect(t, s, "echo second; echo >"+gate, "second\n", 0)
	wait(t, first.late)
	if got := first.record.get(shell.Stdout); got != "first\nlate\n" {
		t.Errorf("%q", got)
	}
}

func TestSession_CloseEndsEverything(t *testing.T) {
	s := newSession(t)
	got := say(t, s, "sleep 600 & echo $!; (setsid sh -c 'echo $$; exec sleep 600' &) ; sleep 0.1")
	out, done := newRecord(), make(chan struct{})
	go func() {
		defer close(done)
		_, _, _ = s.Run(shell.Run{ID: "second", Script: "echo $$; sleep 600"}, out)
	}()
	text := got.record.until(t, shell.Stdout, func(s string) bool { return strings.Count(s, "\n") == 2 })
	text += out.until(t, shell.Stdout, func(s string) bool { return s != "" })
	s.Close(context.Background())
	wait(t, done)
	for _, pid := range pids(t, text) {
		if lives(pid) {
			t.Errorf("%d lives", pid)
		}
	}
	if _, _, err := s.Run(shell.Run{Script: "true"}, newRecord()); !errors.Is(err, shell.ErrSessionClosed) {
		t.Error(err)
	}
}

func BenchmarkSession(b *testing.B) {
	s, err := shell.NewSession(shell.SessionConfig{ID: "bench", Env: os.Environ()})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close(context.Background())
	for b.Loop() {
		if _, _, err := s.Run(shell.Run{ID: "r", Script: ":"}, newRecord()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCommand(b *testing.B) {
	for b.Loop() {
		p, err := shell.Start(script(":"))
		if err != nil {
			b.Fatal(err)
		}
		p.Run(newRecord())
	}
}
