package shell_test

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"execd/shell"
)

// A script that is too long for an argument does what a short one does.
func TestProcess_LongScript(t *testing.T) {
	const lines = "echo $LINENO $0 $#\nset -- /proc/self/fd/*; echo fds $#\nread x; echo read:$x:$?\n" +
		"cat <<E\n  here  \nE\n(exit 3); echo $? 'a\\\nb'\n"
	long := lines + strings.Repeat("# "+strings.Repeat("x", 1022)+"\n", 300) + "echo $LINENO; printf '%s' end; exit 7\n# \\\n"
	short := lines + strings.Repeat("\n", 300) + "echo $LINENO; printf '%s' end; exit 7\n# \\\n"
	for _, name := range []string{"bash", "sh"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		want, exit := runAs(t, path, short)
		if exit.Code != 7 || !strings.HasSuffix(want, "\nend") {
			t.Fatalf("%s: %v after %q", name, exit, want)
		}
		if got, exit := runAs(t, path, long); exit.Code != 7 || got != want {
			t.Errorf("%s: %v after %q, want %q", name, exit, got, want)
		}
	}
	text := "echo ${#BASH_EXECUTION_STRING}\n#" + strings.Repeat("\xffé", 100_000) + "\n\n"
	_, out := run(t, "LC_ALL=C; "+text)
	if got, want := out.get(shell.Stdout), strconv.Itoa(len("LC_ALL=C; "+text))+"\n"; got != want {
		t.Errorf("BASH_EXECUTION_STRING has %q bytes, want %q", got, want)
	}
}

// What is no shell gets its arguments as they are, or none: -c is its own.
func TestProcess_LongArgumentOfAnotherProgram(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("one argument may be as long as all of them together here")
	}
	p, err := shell.Start(shell.Command{Argv: []string{"printf", "-c", strings.Repeat("a", 128<<10)}, ID: "long"})
	if err == nil {
		p.Run(newRecord())
	}
	if !errors.Is(err, syscall.E2BIG) {
		t.Errorf("printf -c with an argument that is too long: %v, want %v", err, syscall.E2BIG)
	}
}

func runAs(t *testing.T, shellPath, text string) (stdout string, exit shell.Exit) {
	t.Helper()
	out := newRecord()
	exit = start(t, shell.Command{Argv: []string{shellPath, "-c", text}, Env: os.Environ(), ID: "long"}).Run(out)
	return out.get(shell.Stdout), exit
}
