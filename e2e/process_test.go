package e2e_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// A test finds the processes of its daemon by a variable in their environment: everybody whom the daemon starts
// inherits it, however far away he goes.

func newMarker() string { return rand.Text() }

// process is one that was found in /proc.
type process struct {
	pid  int
	args string
}

func (p process) String() string { return fmt.Sprintf("%d (%s)", p.pid, p.args) }

// processesWith finds the living processes that carry a marker, given as NAME=VALUE. A zombie is not alive.
func processesWith(marker string) []process {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil // the pattern is constant
	}
	var found []process
	for _, dir := range dirs {
		env, err := os.ReadFile(dir + "/environ")
		if err != nil || !bytes.Contains(append([]byte{0}, env...), []byte("\x00"+marker+"\x00")) {
			continue
		}
		args, _ := os.ReadFile(dir + "/cmdline") // gone meanwhile: then it has none
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err == nil && alive(pid) {
			found = append(found, process{pid, strings.TrimRight(string(bytes.ReplaceAll(args, []byte{0}, []byte{' '})), " ")})
		}
	}
	return found
}

// children are the processes of the daemon, without itself.
func (d *daemon) children() []process {
	var found []process
	for _, p := range processesWith(d.marker) {
		if p.pid != d.pid {
			found = append(found, p)
		}
	}
	return found
}

// kernels are the Jupyter kernels among them.
func (d *daemon) kernels() []process {
	var found []process
	for _, p := range d.children() {
		if strings.Contains(p.args, "ipykernel") {
			found = append(found, p)
		}
	}
	return found
}

// alive reports whether a process runs: it exists and is no zombie.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	after := bytes.LastIndexByte(stat, ')') // the name before it may hold anything
	return after > 0 && len(stat) > after+2 && stat[after+2] != 'Z' && stat[after+2] != 'X'
}

// memory is what a process holds in memory of its own (RssAnon of proc_pid_status(5)), in bytes.
func memory(tb testing.TB, pid int) int64 {
	tb.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	must(tb, err)
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			must(tb, err)
			return n << 10
		}
	}
	tb.Fatal("no RssAnon")
	return 0
}

func kill(tb testing.TB, pid int) {
	tb.Helper()
	must(tb, syscall.Kill(pid, syscall.SIGKILL))
}

func killAll(all []process) {
	for _, p := range all {
		_ = syscall.Kill(p.pid, syscall.SIGKILL) // gone is as good
	}
}

// filesIn lists what is in a folder, at any depth.
func filesIn(tb testing.TB, dir string) []string {
	tb.Helper()
	var found []string
	must(tb, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err == nil && path != dir {
			found = append(found, path)
		}
		return nil // what has gone meanwhile is not left behind
	}))
	return found
}

// readNumber waits for a file to which a command writes a number, such as its pid.
func readNumber(tb testing.TB, path string) int {
	tb.Helper()
	n := 0
	eventually(tb, "a number in "+path, func() bool {
		text, err := os.ReadFile(path)
		if err != nil || !bytes.HasSuffix(text, []byte("\n")) {
			return false
		}
		n, err = strconv.Atoi(strings.TrimSpace(string(text)))
		return err == nil
	})
	return n
}
