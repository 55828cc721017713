//go:build unix

package shell_test

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"execd/shell"
)

func terminal(t *testing.T, text string) (*shell.Terminal, *record, <-chan shell.Exit) {
	t.Helper()
	c := shell.Command{Argv: []string{"bash", "--norc", "--noprofile"}, Env: append(os.Environ(), "PS1=$ ", "TERM=dumb"), ID: "terminal"}
	if text != "" {
		c.Argv = append(c.Argv, "-c", text)
	}
	p, err := shell.StartTerminal(c, shell.Size{Columns: 80, Rows: 24})
	if err != nil {
		t.Fatal(err)
	}
	out, exit := newRecord(), make(chan shell.Exit, 1)
	go func() { exit <- p.Run(out) }()
	t.Cleanup(func() {
		p.Kill()
		p.CloseOutput()
		wait(t, p.OutputDone())
	})
	return p, out, exit
}

func TestTerminal_IsOne(t *testing.T) {
	_, out, exit := terminal(t, "test -t 0 && test -t 1 && test -t 2 && stty size && tty && exit 7")
	if e := wait(t, exit); e.Code != 7 {
		t.Fatalf("%v: %q", e, out.get(shell.Stdout))
	}
	if got := out.get(shell.Stdout); !strings.HasPrefix(got, "24 80\r\n/dev/pts/") {
		t.Errorf("%q", got)
	}
}

func TestTerminal_Keys(t *testing.T) {
	p, out, exit := terminal(t, "")
	has := func(s string) func(string) bool {
		return func(text string) bool { return strings.Contains(text, s) }
	}
	typed := func(s string) {
		if _, err := p.Master().WriteString(s); err != nil {
			t.Fatal(err)
		}
	}
	typed("echo $((40+2))\n")
	out.until(t, shell.Stdout, has("42\r\n"))
	if err := p.Resize(shell.Size{Columns: 132, Rows: 50}); err != nil {
		t.Fatal(err)
	}
	typed("until [ \"$(stty size)\" = '50 132' ]; do :; done; echo re''sized\n") // see TestTerminal_ResizeTakenBack
	out.until(t, shell.Stdout, has("resized"))
	typed("sh -c 'echo g''o; exec sleep 600'\n") // the job itself says that it is in the foreground
	out.until(t, shell.Stdout, has("go\r\n"))
	typed("\x03") // Ctrl-C
	out.until(t, shell.Stdout, has("^C"))
	typed("(trap 'echo caught' USR1; echo re''ady; read x)\n")
	out.until(t, shell.Stdout, has("ready"))
	if err := p.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	out.until(t, shell.Stdout, has("caught"))
	typed("\n")
	typed("exit 5\n")
	if e := wait(t, exit); e.Code != 5 {
		t.Errorf("%v", e)
	}
	if err := p.Signal(syscall.SIGTERM); err == nil {
		t.Error("a signal reached a process that has ended")
	}
}

// Readline reads the size and writes it back before each prompt: a change in
// between must not be lost.
func TestTerminal_ResizeTakenBack(t *testing.T) {
	p, out, _ := terminal(t, "while read x; do stty size; done")
	if err := p.Resize(shell.Size{Columns: 132, Rows: 50}); err != nil {
		t.Fatal(err)
	}
	raw, err := p.Master().SyscallConn()
	if err == nil {
		controlErr := raw.Control(func(fd uintptr) {
			err = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Col: 80, Row: 24})
		})
		err = errors.Join(err, controlErr)
	}
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				_, _ = p.Master().WriteString("\n") // the end of the test closes it
			case <-stop:
				return
			}
		}
	}()
	out.until(t, shell.Stdout, func(s string) bool { return strings.Contains(s, "50 132") })
}

func TestTerminal_Close(t *testing.T) {
	p, out, exit := terminal(t, "trap '' HUP TERM; setsid sleep 600 & echo $!; sleep 600")
	text := out.until(t, shell.Stdout, func(s string) bool { return strings.HasSuffix(s, "\n") })
	p.Stop(t.Context(), syscall.SIGKILL, 0)
	if e := wait(t, exit); e.SignalName() != "SIGKILL" {
		t.Errorf("%v", e)
	}
	wait(t, p.OutputDone())
	for _, pid := range pids(t, text) {
		if lives(pid) {
			t.Errorf("%d lives", pid)
		}
	}
}

// What holds the terminal open after the end of its process does not hold up
// the end: the master is read without a thread, and heeds a deadline.
func TestTerminal_BackgroundChild(t *testing.T) {
	p, out, exit := terminal(t, "trap '' HUP; setsid sleep 600 & echo $!; exit 4")
	if err := p.Resize(shell.Size{Columns: 100, Rows: 30}); err != nil {
		t.Fatal(err)
	}
	if e := wait(t, exit); e.Code != 4 || out.get(shell.Stdout) == "" {
		t.Errorf("%v after %q", e, out.get(shell.Stdout))
	}
	p.Stop(t.Context(), syscall.SIGKILL, 0)
}
