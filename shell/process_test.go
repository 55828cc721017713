package shell_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"execd/shell"
)

func TestProcess_Exit(t *testing.T) {
	for _, c := range []struct {
		script, text, signal string
		code                 int
	}{
		{"true", "exit status 0", "", 0},
		{"exit 7", "exit status 7", "", 7},
		{"kill -TERM $$", "signal: terminated", "SIGTERM", 143},
		{"kill -9 $$", "signal: killed", "SIGKILL", 137},
		{"exec /does/not/exist 2>/dev/null", "exit status 127", "", 127},
	} {
		exit, _ := run(t, c.script)
		if exit.Code != c.code || exit.String() != c.text || exit.SignalName() != c.signal {
			t.Errorf("%s: %d, %q, %q", c.script, exit.Code, exit.String(), exit.SignalName())
		}
	}
}

func TestProcess_StreamsApartOrJoined(t *testing.T) {
	const text = "echo a; echo b >&2; echo c; echo d >&2"
	_, out := run(t, text)
	if out.get(shell.Stdout) != "a\nc\n" || out.get(shell.Stderr) != "b\nd\n" {
		t.Errorf("apart: %q and %q", out.get(shell.Stdout), out.get(shell.Stderr))
	}
	c := script(text)
	c.Join = true
	joined := newRecord()
	start(t, c).Run(joined)
	if joined.get(shell.Stdout) != "a\nb\nc\nd\n" || joined.get(shell.Stderr) != "" {
		t.Errorf("joined: %q and %q", joined.get(shell.Stdout), joined.get(shell.Stderr))
	}
}

func TestProcess_EverythingBeforeTheEnd(t *testing.T) {
	const size = 48 << 20 // more than any pipe holds, many times
	sum := sha256.New()
	exit := start(t, script("head -c "+strconv.Itoa(size)+" /dev/zero")).Run(sinkTo{sum})
	if exit.Code != 0 {
		t.Fatal(exit)
	}
	want := sha256.New()
	_, _ = io.CopyN(want, zeros{}, size) // a hash takes everything
	if !bytes.Equal(sum.Sum(nil), want.Sum(nil)) {
		t.Error("bytes were lost")
	}
}

type sinkTo struct{ io.Writer }

func (s sinkTo) Output(_ shell.Stream, p []byte) { _, _ = s.Write(p) }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// A background child that holds the pipe does not delay the end, and what it
// prints later arrives.
func TestProcess_BackgroundChild(t *testing.T) {
	gate := fifo(t)
	p, out, exit := running(t, script("(read x <'"+gate+"'; echo late) & echo early"))
	if e := wait(t, exit); e.Code != 0 || out.get(shell.Stdout) != "early\n" {
		t.Fatalf("%v after %q", e, out.get(shell.Stdout))
	}
	select {
	case <-p.OutputDone():
		t.Fatal("the child still holds the output")
	default:
	}
	if err := p.Signal(0); err != nil {
		t.Errorf("the group is said to be gone: %v", err)
	}
	if err := os.WriteFile(gate, []byte("x\n"), 0); err != nil {
		t.Fatal(err)
	}
	wait(t, p.OutputDone())
	if got := out.get(shell.Stdout); got != "early\nlate\n" {
		t.Errorf("got %q", got)
	}
}

// A child that prints without end does not delay it either.
func TestProcess_BackgroundFlood(t *testing.T) {
	p, out, exit := running(t, script("yes & echo begun; exit 5"))
	if e := wait(t, exit); e.Code != 5 || !strings.Contains(out.get(shell.Stdout), "begun\n") {
		t.Errorf("%v", e)
	}
	if n := p.Stop(t.Context(), syscall.SIGTERM, patience); n < 1 {
		t.Errorf("ended %d processes", n)
	}
	wait(t, p.OutputDone())
}

// Nor does it where it is faster than what takes its output, which is never done then.
func TestProcess_BackgroundFloodIntoASlowSink(t *testing.T) {
	gate := fifo(t)
	p := start(t, script("yes & read x <'"+gate+"'; exit 5"))
	slow := &slowSink{flooded: make(chan struct{})}
	exit := make(chan shell.Exit, 1)
	go func() { exit <- p.Run(slow) }()
	wait(t, slow.flooded)
	if err := os.WriteFile(gate, []byte("x\n"), 0); err != nil {
		t.Fatal(err)
	}
	if e := wait(t, exit); e.Code != 5 {
		t.Errorf("%v", e)
	}
	p.Stop(t.Context(), syscall.SIGKILL, 0)
	wait(t, p.OutputDone())
}

// slowSink is slower than any producer.
type slowSink struct {
	n       int
	flooded chan struct{} // closed when more has come than there is room for in a pipe
}

func (s *slowSink) Output(_ shell.Stream, p []byte) {
	const many = 2 << 20
	if s.n < many && s.n+len(p) >= many {
		close(s.flooded)
	}
	s.n += len(p)
	time.Sleep(2 * time.Millisecond)
}

func TestProcess_ASlowSinkHoldsTheProducer(t *testing.T) {
	gate := make(chan struct{})
	slow := &gated{gate: gate, begun: make(chan struct{})}
	p := start(t, script("head -c 20000000 /dev/zero"))
	exit := make(chan shell.Exit, 1)
	go func() { exit <- p.Run(slow) }()
	wait(t, slow.begun)
	select {
	case <-p.Exited():
		t.Error("20 MB went into a sink that takes none")
	default:
	}
	close(gate)
	wait(t, exit)
	if slow.n != 20_000_000 {
		t.Errorf("%d bytes arrived", slow.n)
	}
}

type gated struct {
	gate  <-chan struct{}
	begun chan struct{}
	n     int
}

func (g *gated) Output(_ shell.Stream, p []byte) {
	if g.n == 0 {
		close(g.begun)
	}
	<-g.gate
	g.n += len(p)
}

func TestProcess_PanicInTheSink(t *testing.T) {
	p := start(t, script("echo x; sleep 600"))
	defer func() {
		if recover() == nil {
			t.Error("the panic was swallowed")
		}
		wait(t, p.Exited())
	}()
	p.Run(panics{})
}

type panics struct{}

func (panics) Output(shell.Stream, []byte) { panic("no room") }

func TestStart_Errors(t *testing.T) {
	missing := script("true")
	missing.Dir = t.TempDir() + "/missing"
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		command shell.Command
		says    string
	}{
		"nothing":     {shell.Command{}, "no program"},
		"not found":   {shell.Command{Argv: []string{"no-such-program"}}, "command not found"},
		"no file":     {shell.Command{Argv: []string{"/no/such/program"}}, "no such file"},
		"not for us":  {shell.Command{Argv: []string{file}}, "permission denied"},
		"missing dir": {missing, "start process in"},
	} {
		if p, err := shell.Start(c.command); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, %v", name, p, err)
		}
	}
}

// What a shell ignores for a daemon that it starts in the background must not
// be ignored in what the daemon starts; standard input is empty.
func TestProcess_WhatItInherits(t *testing.T) {
	_, out := run(t, `cat; grep SigIgn /proc/self/status; ls /proc/self/fd | tr '\n' ' '; ps -o sid= -p $$; echo $$`)
	fields := strings.Fields(out.get(shell.Stdout))
	ignored, err := strconv.ParseUint(fields[1], 16, 64)
	const ours = 1<<(syscall.SIGINT-1) | 1<<(syscall.SIGQUIT-1) | 1<<(syscall.SIGPIPE-1) | 1<<(syscall.SIGTERM-1)
	if len(fields) < 8 || err != nil || ignored&ours != 0 {
		t.Fatalf("ignored signals: %q", fields)
	}
	if got := strings.Join(fields[2:len(fields)-2], " "); got != "0 1 2 3" { // 3 is ls's own
		t.Errorf("descriptors %s", got)
	}
	if last := fields[len(fields)-2:]; last[0] != last[1] {
		t.Errorf("session %s of process %s", last[0], last[1])
	}
}

func TestProcess_FilesAndStdin(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	in, inW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c := script("cat; echo third >&3")
	c.Stdin, c.Files = in, []*os.File{w}
	_, out, exit := running(t, c)
	_, _ = w.Close(), in.Close()
	if _, err := inW.WriteString("typed\n"); err != nil {
		t.Fatal(err)
	}
	_ = inW.Close()
	wait(t, exit)
	third, err := io.ReadAll(r)
	if string(third) != "third\n" || err != nil || out.get(shell.Stdout) != "typed\n" {
		t.Errorf("fd 3 got %q, %v; stdout %q", third, err, out.get(shell.Stdout))
	}
	_ = r.Close()
}

func TestProcess_Usage(t *testing.T) {
	exit, _ := run(t, "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done")
	if exit.Usage.User+exit.Usage.System <= 0 {
		t.Errorf("%+v", exit.Usage)
	}
}

// The memory of a process is its own: not what its parent had when it was born.
func TestProcess_PeakMemory(t *testing.T) {
	ballast := bytes.Repeat([]byte{1}, 16<<20)
	if exit, _ := run(t, "exit 0"); exit.Usage.MaxRSS > 8<<20 {
		t.Errorf("a shell that does nothing had %d bytes", exit.Usage.MaxRSS)
	}
	runtime.KeepAlive(ballast)
	const large = 384 << 20 // tail keeps in memory what may be the end of a pipe
	exit, _ := run(t, fmt.Sprintf("head -c %d /dev/zero | tail -c %[1]d | wc -c", large))
	if exit.Usage.MaxRSS < large/2 {
		t.Errorf("one with a large child had %d bytes", exit.Usage.MaxRSS)
	}
}
