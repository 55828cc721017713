//go:build linux

package shell

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// What a process has used who has lost its parent, and whom nobody waits for, is used by its group.
func TestCgroup_CountsWhoIsNotWaitedFor(t *testing.T) {
	needGroups(t)
	const burn = `i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done`
	text := `(setsid sh -c '` + burn + `; echo done' &) ; read -r go`
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Start(Command{Argv: Script(text), Env: os.Environ(), Stdin: r})
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Close() // the process has its own
	out := lines{make(chan string, 1)}
	exit := make(chan Exit)
	go func() { exit <- p.Run(out) }()
	<-out.ch
	u, living, ok := p.Usage()
	if !ok || u.User <= 0 || living < 1 {
		t.Errorf("while it runs: %+v, %d processes, %v", u, living, ok)
	}
	_ = w.Close()
	end := <-exit
	<-p.OutputDone()
	if own := end.Usage.User + end.Usage.System; own < u.User+u.System {
		t.Errorf("at the end it has used %v, which was %v before", own, u.User+u.System)
	}
	if _, _, ok := p.Usage(); ok {
		t.Error("who was reaped has a group")
	}
}

// What the kernel counts is read as it writes it, what it does not count is left as it was, and what others have used
// in the group before is theirs.
func TestUsage_ReadGroup(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("cgroup.events", "populated 0\nfrozen 0\n")
	write("cpu.stat", "")
	group, err := openGroup(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	defer group.close()
	known := Usage{User: time.Second, MaxRSS: 5, Read: 7}
	u := known
	u.readGroup(group)
	u.readGroup(nil)
	if u != known {
		t.Errorf("nothing counted makes %+v of %+v", u, known)
	}
	write("cpu.stat", "usage_usec 3500000\nuser_usec 3000000\nsystem_usec 500000\nnice_usec 0\n")
	write("memory.peak", "4096\n")
	write("memory.events", "low 0\nhigh 0\nmax 3\noom 1\noom_kill 2\noom_group_kill 0\n")
	write("pids.peak", "6\n")
	write("io.stat", "8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n8:16 rbytes=1 wbytes=2 rios=1\n")
	u.readGroup(group)
	want := Usage{User: 3 * time.Second, System: time.Second / 2, MaxRSS: 4096, Read: 11, Written: 22, Processes: 6, OOMKills: 2}
	if u != want {
		t.Errorf("%+v, want %+v", u, want)
	}
	group.counts, group.before = false, cpuTime{user: time.Second, system: time.Second / 4}
	u = known
	u.readGroup(group)
	want = Usage{User: 2 * time.Second, System: time.Second / 4, MaxRSS: 5, Read: 7}
	if u != want {
		t.Errorf("in a group that has had another process: %+v, want %+v", u, want)
	}
}

// Of what can be counted, what execd tells is.
func TestCountFor(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "cgroup.controllers"), []byte("cpuset memory_x pids\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if !countFor(dir) {
		t.Error("nothing is counted")
	}
	if got, _ := os.ReadFile(filepath.Join(dir, "cgroup.subtree_control")); string(got) != "+pids" {
		t.Errorf("turned on: %q", got)
	}
	if countFor(filepath.Join(dir, "none")) {
		t.Error("something is counted where there is nothing")
	}
}

// What has been written to storage by a process and by those whom it has waited for is told as the kernel keeps it.
func TestUsage_Storage(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	text := `dd if=/dev/zero of='` + file + `' bs=4096 count=25 conv=fsync 2>&-
while read -r name n; do [ $name = write_bytes: ] && echo $n; done </proc/$$/io`
	p, err := Start(Command{Argv: Script(text), Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	out := lines{make(chan string, 1)}
	exit := p.Run(out)
	<-p.OutputDone()
	select {
	case line := <-out.ch:
		n, err := strconv.ParseInt(line, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if exit.Usage.Written != n {
			t.Errorf("written: %d, and %d by what the kernel says", exit.Usage.Written, n)
		}
	default:
		t.Skip("the kernel does not count what is read and written")
	}
}
