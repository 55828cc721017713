//go:build linux

package shell_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"execd/shell"
)

// within is expect for a run that may not end.
func within(t *testing.T, s *shell.Session, script, stdout string, code int) {
	t.Helper()
	out, ended := long(t, s, script)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	select {
	case exit := <-ended:
		if got := out.get(shell.Stdout); got != stdout || exit.Code != code {
			t.Errorf("%q: %q, %v, stderr %q; want %q, %d", script, got, exit, out.get(shell.Stderr), stdout, code)
		}
	case <-ctx.Done():
		t.Fatalf("%q has not ended", script)
	}
}

// What takes the descriptors that bash keeps while a run has its own, and the
// standard streams, gets no report of the session into its file, and the next run
// has its own again: however it is written, and also where the shell has begun
// with it.
func TestSession_DescriptorsTaken(t *testing.T) {
	file := filepath.Join(t.TempDir(), "taken")
	take := "<" + file + "-in >" + file + " 10>" + file + " 11>" + file + " 12>" + file + " 13>" + file + " 14>" + file
	if err := os.WriteFile(file+"-in", []byte("wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, empty := range []string{file, filepath.Join(filepath.Dir(file), "trap")} { // the second for a pattern to find
		if err := os.WriteFile(empty, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	functions := filepath.Join(t.TempDir(), "functions")
	if err := os.WriteFile(functions, []byte("take() { exec "+take+"; }\necho noise\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ env, script string }{
		"exec":     {script: "exec " + take},
		"closed":   {script: "exec 0>&- 1>&- 2>&- 10>&- 11>&- 12>&- 13>&- >" + file},
		"quoted":   {script: `'ex'"ec" ` + take},
		"escaped":  {script: `ex\ec ` + take},
		"ansi":     {script: `$'\x65xec' ` + take},
		"function": {script: "take() { exec " + take + "; }; take"},
		"closing":  {script: `"tr"ap 'exec 10>&- 11>&- 12>&- 13>&-' DEBUG`},
		"globbed":  {script: "cd " + filepath.Dir(file) + "; tra? 'exec 10>&- 11>&- 12>&-' DEBUG; : >" + file},
		"printed":  {script: "`echo trap` 'exec 10>&- 11>&- 12>&-' DEBUG; : >" + file},
		"encoded":  {script: `$'\x74rap' 'exec 10>&- 11>&- 12>&-' DEBUG; : >` + file},
		"exported": {env: "BASH_FUNC_take%%=() { exec " + take + "; }", script: "take"},
		"startup":  {env: "BASH_ENV=" + functions, script: "take"},
	} {
		t.Run(name, func(t *testing.T) {
			env := os.Environ()
			if c.env != "" {
				env = append(env, c.env)
			}
			s, err := shell.NewSession(shell.SessionConfig{ID: "taken-" + name, Dir: t.TempDir(), Env: env})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close(context.Background()) })
			within(t, s, c.script, "", 0)
			within(t, s, "cat | cat && echo ok", "ok\n", 0)
			if text, err := os.ReadFile(file); err != nil || len(text) > 0 {
				t.Errorf("%q, %v in the file", text, err)
			}
		})
	}
}

// A run that does not say where its input and output go has those of any other.
func TestSession_PlainDescriptors(t *testing.T) {
	s := newSession(t)
	within(t, s, "readlink /proc/self/fd/0", "/dev/null\n", 0)
	within(t, s, "ls /proc/self/fd", "0\n1\n2\n3\n", 0) // the last is the directory
	within(t, s, "cat", "", 0)
	within(t, s, "echo one >&2 | cat", "", 0)
	within(t, s, "bash -c true & wait", "", 0)
	within(t, s, "false", "", 1)
}

// A trap may print between two runs; what it prints is no report.
func TestSession_NothingPrintsIntoReports(t *testing.T) {
	s := newSession(t)
	pid := pids(t, say(t, s, "echo $$").out)[0]
	say(t, s, "trap 'echo trap' USR1")
	within(t, s, "echo ok", "ok\n", 0)
	for late := time.Now().Add(patience); ; time.Sleep(time.Millisecond) { // it still reports, behind the end
		to, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/fd/1")
		if to == os.DevNull {
			return
		}
		if time.Now().After(late) {
			t.Fatalf("a trap prints to %s, %v", to, err)
		}
	}
}
