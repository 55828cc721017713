package actors_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"execd/actors"
	"execd/actors/event"
	"execd/actors/msg"
	"execd/metrics"
)

// TestUsage: what a command has used is told while it runs, and at its end.
func TestUsage(t *testing.T) {
	s := start(t, nil)
	const script = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo ready; cat; exit 0"
	m := s.command(script)
	m.Command.Stdin = true
	x := must(s, m)
	now := must(s, msg.FindExecution{Reply: msg.NewReply[msg.Execution](), ID: x.ID, Measure: true}).Status
	for ctx := deadline(t); ctx.Err() == nil && now.Usage == nil; runtime.Gosched() {
		now = must(s, msg.FindExecution{Reply: msg.NewReply[msg.Execution](), ID: x.ID, Measure: true}).Status
	}
	if runtime.GOOS == "linux" && (now.Usage == nil || now.Usage.Processes < 1 || now.Usage.PeakMemory == 0) {
		t.Errorf("while it runs: %+v", now.Usage)
	}
	if err := x.Input.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.read(x)
	end := must(s, msg.FindExecution{Reply: msg.NewReply[msg.Execution](), ID: x.ID, Measure: true}).Status
	if end.Usage == nil || end.Usage.CPU <= 0 || end.Usage.PeakMemory == 0 || end.Usage.Processes != 0 {
		t.Errorf("at the end: %+v", end.Usage)
	}
	if now.Usage != nil && end.Usage.PeakMemory < now.Usage.PeakMemory {
		t.Errorf("a peak of %d bytes, of which %d were seen", end.Usage.PeakMemory, now.Usage.PeakMemory)
	}
}

// TestUsage_Session: of a run in a session its CPU time is told, and nothing that is not its own.
func TestUsage_Session(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("sessions need Linux")
	}
	s := start(t, nil)
	session := must(s, msg.CreateSession{Reply: msg.NewReply[msg.Session]()})
	run := func(script string) (msg.Execution, time.Duration) {
		x := must(s, msg.RunInSession{Reply: msg.NewReply[msg.Execution](), ID: session.ID, Script: script})
		s.read(x)
		u := must(s, msg.FindExecution{Reply: msg.NewReply[msg.Execution](), ID: x.ID, Measure: true}).Status.Usage
		if u == nil || *u != (event.Resources{CPU: u.CPU, OnlyCPU: true}) {
			t.Fatalf("%s: %+v", script, u)
		}
		return x, u.CPU
	}
	busy, much := run("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done")
	if _, little := run(":"); much <= 0 || little > much/2 {
		t.Errorf("%v for much, and %v for nothing", much, little)
	}
	end := busy.Log.Cursor(busy.Log.Head())
	defer end.Close()
	chunk, err := end.Next(deadline(t))
	if want := fmt.Sprintf(`,"usage":{"cpu_ms":%d}}`, much.Milliseconds()); err != nil || !strings.Contains(string(chunk.Frames), want) {
		t.Errorf("%q, %v, want %s", chunk.Frames, err, want)
	}
}

// TestUsage_OutOfMemory: SIGKILL is the kernel's when its count of such kills
// has grown, and somebody else's when it has not.
func TestUsage_OutOfMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("control groups are Linux's")
	}
	root := t.TempDir()
	put := func(path, text string) {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("proc/stat", "cpu  1 1 1 1 1 1 1 1 0 0\n")
	put("proc/meminfo", "MemTotal: 1024 kB\nMemAvailable: 512 kB\n")
	put("proc/self/cgroup", "0::/\n")
	put("proc/self/mountinfo", "30 24 0:26 / /cg rw - cgroup2 none rw\n")
	put("cg/memory.events", "oom_kill 5\n")
	s := start(t, func(c *actors.Config) { c.Metrics = metrics.Config{Root: root} })
	must(s, getMetrics())
	const byItself = "kill -KILL $$"
	foreign := s.read(must(s, s.command(byItself)))
	if got := last(foreign); got.Reason != "" || got.Signal != "SIGKILL" {
		t.Errorf("killed by a user: %+v", got)
	}
	// The kernel counts before it kills.
	kill := fmt.Sprintf("echo oom_kill 6 > %s; %s", root+"/cg/memory.events", byItself)
	if got := last(s.read(must(s, s.command(kill)))); got.Reason != "oom" || got.Signal != "SIGKILL" || got.Error == nil {
		t.Errorf("killed by the kernel: %+v", got)
	}
	if got := last(s.read(must(s, s.command(byItself)))); got.Reason != "" || got.Signal != "SIGKILL" {
		t.Errorf("killed by a user right after that: %+v", got)
	}
}
