package shell_test

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
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

func runAs(t *testing.T, shellPath, text string) (stdout string, exit shell.Exit) {
	t.Helper()
	out := newRecord()
	exit = start(t, shell.Command{Argv: []string{shellPath, "-c", text}, Env: os.Environ(), ID: "long"}).Run(out)
	return out.get(shell.Stdout), exit
}
