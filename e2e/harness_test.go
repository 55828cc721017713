package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"go.uber.org/goleak"
)

// patience is how long a test waits for what must happen: long enough for a machine that is busy with all of them.
const patience = 60 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// daemon is an execd under test. Each has its own folder, so nothing that it leaves behind can be somebody else's.
type daemon struct {
	addr, url string // 127.0.0.1:port, and the same with http://; or a path, and the same with unix:
	pid       int
	dir       string // the home of everything below
	tmp       string // its TMPDIR
	state     string // its --state-dir
	logFile   string

	onTerminal bool // its standard output is one

	client  *http.Client // for one that does not listen as others do; else nil
	token   string       // sent with everything, if there is one
	marker  string       // in the environment of every process that descends from it
	planted string       // a secret in its environment, and in a header of every request
	wasDown bool         // its end was checked already
	cmd     *exec.Cmd
	stdout  lockedBuffer
	stderr  lockedBuffer
	exited  chan struct{}
}

// binary is the execd under test. Without one the test is skipped: it says how to get it.
func binary(tb testing.TB) string {
	tb.Helper()
	path := os.Getenv("EXECD_BIN")
	if path == "" {
		tb.Skip("EXECD_BIN is not set: make e2e builds the binary and sets it")
	}
	return path
}

// needsPython skips a test where there is no kernel to run code in.
func needsPython(tb testing.TB) {
	tb.Helper()
	if os.Getenv("JUPYTER_PATH") == "" {
		tb.Skip("JUPYTER_PATH is not set: there is no Python kernel (scripts/python-kernel.sh says why)")
	}
}

// start runs execd until the end of the test, and then checks what it leaves behind.
func start(tb testing.TB, args ...string) *daemon {
	tb.Helper()
	return startWith(tb, nil, args...)
}

// startWith is start with further environment variables, as NAME=VALUE.
func startWith(tb testing.TB, env []string, args ...string) *daemon {
	tb.Helper()
	return startIn(tb, tb.TempDir(), env, args...)
}

// startIn is startWith in a folder of the caller's, which may have been another daemon's before.
func startIn(tb testing.TB, dir string, env []string, args ...string) *daemon {
	tb.Helper()
	d := prepare(tb, dir, env, args...)
	d.launch(tb)
	tb.Cleanup(func() {
		if !d.wasDown {
			d.stop(tb)
		}
	})
	return d
}

// prepare makes the daemon's folders and its command line, and starts nothing.
func prepare(tb testing.TB, dir string, env []string, args ...string) *daemon {
	tb.Helper()
	d := &daemon{
		dir: dir, tmp: filepath.Join(dir, "tmp"), state: filepath.Join(dir, "state"), logFile: filepath.Join(dir, "log"),
		exited: make(chan struct{}), marker: "EXECD_E2E=" + newMarker(), planted: "planted-" + newMarker(),
	}
	for _, sub := range []string{d.tmp, d.state} {
		must(tb, os.MkdirAll(sub, 0o755))
	}
	args = append([]string{"--host", "127.0.0.1", "--port", "0", "--state-dir", d.state, "--log-file", d.logFile}, args...)
	d.cmd = exec.CommandContext(context.Background(), binary(tb), args...)
	d.cmd.Dir = d.dir
	d.cmd.Env = append(os.Environ(), append([]string{"TMPDIR=" + d.tmp, d.marker, "PLANTED=" + d.planted}, env...)...)
	d.cmd.Stderr = &d.stderr
	d.cmd.WaitDelay = 5 * time.Second // for a process left behind that holds stderr: it is found by checkDown
	return d
}

var announcement = regexp.MustCompile(`listening on ((?:https?://|unix:)(\S+))`)

// launch starts execd and waits for the line with its address.
func (d *daemon) launch(tb testing.TB) {
	tb.Helper()
	open := os.Pipe
	if d.onTerminal {
		open = pty.Open
	}
	r, w, err := open()
	must(tb, err)
	d.cmd.Stdout = w
	must(tb, d.cmd.Start())
	d.pid = d.cmd.Process.Pid
	must(tb, w.Close())
	address := make(chan []string, 1)
	go func() {
		defer close(address)
		for lines := bufio.NewScanner(r); lines.Scan(); {
			_, _ = d.stdout.Write(append(lines.Bytes(), '\n'))
			if m := announcement.FindStringSubmatch(lines.Text()); m != nil {
				address <- m
			}
		}
		_ = r.Close()
	}()
	go func() {
		_ = d.cmd.Wait() // its status is in ProcessState
		close(d.exited)
	}()
	select {
	case m, ok := <-address:
		if !ok {
			<-d.exited
			tb.Fatalf("execd ended at its start: %v: %s", d.cmd.ProcessState, d.stderr.String())
		}
		d.url, d.addr = m[1], m[2]
	case <-time.After(patience):
		_ = d.cmd.Process.Kill()
		tb.Fatalf("execd did not say where it listens; stderr: %s", d.stderr.String())
	}
}

// signal sends a signal to the daemon alone.
func (d *daemon) signal(tb testing.TB, sig syscall.Signal) {
	tb.Helper()
	must(tb, d.cmd.Process.Signal(sig))
}

// wait returns the daemon's exit status once it has ended.
func (d *daemon) wait(tb testing.TB) int {
	tb.Helper()
	select {
	case <-d.exited:
	case <-time.After(patience):
		d.signal(tb, syscall.SIGQUIT) // its goroutines go to stderr
		<-d.exited
		tb.Fatalf("execd did not end: %s", d.stderr.String())
	}
	return d.cmd.ProcessState.ExitCode()
}

// stop ends the daemon politely and checks that it leaves nothing behind.
func (d *daemon) stop(tb testing.TB) {
	tb.Helper()
	select {
	case <-d.exited:
		tb.Errorf("execd had ended before it was told to: %v", d.cmd.ProcessState)
	default:
		d.checkPrivate(tb)
		d.signal(tb, syscall.SIGTERM)
	}
	d.checkDown(tb)
}

// keptUpload is what is kept of a resumable upload, for the next daemon.
var keptUpload = regexp.MustCompile(`/uploads-execd(/[0-9a-f]{32}(\.info|\.done)?)?$`)

// checkDown waits for the end of a daemon that was told to end, and checks its exit status and its leavings.
func (d *daemon) checkDown(tb testing.TB) {
	tb.Helper()
	d.wasDown = true
	if code := d.wait(tb); code != 0 {
		tb.Errorf("exit status %d (%v), want 0", code, d.cmd.ProcessState)
	}
	if left := processesWith(d.marker); len(left) > 0 {
		tb.Errorf("processes left behind: %v", left)
		killAll(left)
	}
	for _, dir := range []string{d.state, d.tmp} {
		left := slices.DeleteFunc(filesIn(tb, dir), keptUpload.MatchString)
		if len(left) > 0 {
			tb.Errorf("left behind in %s: %v", dir, left)
		}
	}
	if text := d.stderr.String(); text != "" {
		tb.Errorf("stderr: %s", text)
	}
	log := d.log(tb) + d.stdout.String()
	if strings.Contains(log, `"panic"`) || strings.Contains(log, "goroutine ") {
		tb.Errorf("the log tells of a panic:\n%s", log)
	}
	for _, secret := range d.secrets() {
		if strings.Contains(log, secret) {
			tb.Errorf("the log has %q:\n%s", secret, log)
		}
	}
	if tb.Failed() {
		tb.Logf("log of %s:\n%s", d.addr, tail(d.log(tb), 8<<10))
	}
}

// secrets are what no log may have, whatever the daemon has done: tokens, and the value of a variable that everything
// inherits. A token of a few letters proves nothing.
func (d *daemon) secrets() []string {
	_, inherited, _ := strings.Cut(d.marker, "=")
	all := []string{inherited, d.planted}
	for i, arg := range d.cmd.Args[:len(d.cmd.Args)-1] {
		if token := d.cmd.Args[i+1]; strings.HasSuffix(arg, "-token") && len(token) > 4 {
			all = append(all, token)
		}
	}
	return all
}

// kill ends the daemon with SIGKILL, and what it leaves behind at the end of the test.
func (d *daemon) kill(tb testing.TB) {
	tb.Helper()
	d.wasDown = true
	d.signal(tb, syscall.SIGKILL)
	<-d.exited
	tb.Cleanup(func() { killAll(processesWith(d.marker)) })
}

// log is what the daemon has logged.
func (d *daemon) log(tb testing.TB) string {
	tb.Helper()
	text, err := os.ReadFile(d.logFile)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		tb.Fatal(err)
	}
	return string(text)
}

// lockedBuffer may be written and read at once.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p) //nolint:wrapcheck // never fails
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// eventually waits until what holds, looking again and again: for state that nobody announces.
func eventually(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	deadline := time.Now().Add(patience)
	for pause := time.Millisecond; !holds(); pause = min(2*pause, 50*time.Millisecond) {
		if time.Now().After(deadline) {
			tb.Fatalf("in vain waited for: %s", what)
		}
		time.Sleep(pause)
	}
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }
