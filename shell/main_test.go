package shell_test

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"execd/shell"
)

// patience bounds waits for what should take milliseconds on a busy machine.
const patience = 20 * time.Second

func TestMain(m *testing.M) {
	if shell.Become() {
		os.Exit(1)
	}
	shell.KeepDescriptors()
	if signal.Ignored(syscall.SIGINT) { // started by a shell in the background; what is ignored here is ignored in children
		signal.Notify(make(chan os.Signal, 1), syscall.SIGINT)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		shell.ReleaseGroups()
		os.Exit(code)
	}))
}

// record is a Sink that keeps everything.
type record struct {
	mu     sync.Mutex
	text   [2][]byte
	arrive chan struct{} // gets a value after each output, if there is room
}

func newRecord() *record { return &record{arrive: make(chan struct{}, 1)} }

func (r *record) Output(s shell.Stream, p []byte) {
	r.mu.Lock()
	r.text[s] = append(r.text[s], p...)
	r.mu.Unlock()
	select {
	case r.arrive <- struct{}{}:
	default:
	}
}

func (r *record) get(s shell.Stream) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return string(r.text[s])
}

// until waits for a stream to hold something.
func (r *record) until(t *testing.T, s shell.Stream, holds func(string) bool) string {
	t.Helper()
	late := time.After(patience)
	for {
		if text := r.get(s); holds(text) {
			return text
		}
		select {
		case <-r.arrive:
		case <-late:
			t.Fatalf("stream %d is still %q", s, r.get(s))
		}
	}
}

func script(text string) shell.Command {
	return shell.Command{Argv: shell.Script(text), Env: os.Environ(), ID: "test"}
}

func start(t *testing.T, c shell.Command) *shell.Process {
	t.Helper()
	p, err := shell.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		p.CloseOutput()
		wait(t, p.OutputDone())
	})
	return p
}

// fifo is a pipe with a name, at which scripts wait.
func fifo(t *testing.T) string {
	t.Helper()
	path := t.TempDir() + "/gate"
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// run runs a script to its end.
func run(t *testing.T, text string) (shell.Exit, *record) {
	t.Helper()
	out := newRecord()
	return start(t, script(text)).Run(out), out
}

// running starts a script, and returns what its Run will.
func running(t *testing.T, c shell.Command) (*shell.Process, *record, <-chan shell.Exit) {
	t.Helper()
	p, out := start(t, c), newRecord()
	exit := make(chan shell.Exit, 1)
	go func() { exit <- p.Run(out) }()
	return p, out, exit
}

func wait[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("it does not come")
		panic("unreachable")
	}
}
