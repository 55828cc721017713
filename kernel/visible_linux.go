package kernel

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
)

// visible is the process of a kernel that a Jupyter server on this machine has
// started. The nil pointer is a kernel of which no process can be seen.
type visible struct {
	pid   string
	start string // time, which with the pid names a process (proc(5), /proc/pid/stat)
}

// findVisible looks for the process by its connection file, whose name has the
// kernel's id (jupyter_client, MultiKernelManager). A kernel may have a
// launcher before it: the one that the server started counts.
func findVisible(kernelID string) *visible {
	file := []byte("kernel-" + kernelID + ".json")
	found := make(map[string]string) // pid and its parent
	list, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range list {
		command, err := os.ReadFile(name)
		if err != nil || !bytes.Contains(command, file) {
			continue
		}
		pid := filepath.Base(filepath.Dir(name))
		if _, parent, _, ok := readStat(pid); ok {
			found[pid] = parent
		}
	}
	for pid, parent := range found {
		if _, inner := found[parent]; inner {
			continue
		}
		if state, _, start, ok := readStat(pid); ok && !isDead(state) {
			return &visible{pid: pid, start: start}
		}
	}
	return nil
}

// gone reports that the process has ended; a zombie has, and its server has
// not looked yet.
func (v *visible) gone() bool {
	if v == nil {
		return false
	}
	state, _, start, ok := readStat(v.pid)
	return !ok || start != v.start || isDead(state)
}

// id returns the process id, 0 if it cannot be seen.
func (v *visible) id() int {
	if v == nil || v.gone() {
		return 0
	}
	pid, _ := strconv.Atoi(v.pid)
	return pid
}

// dir returns the working directory, empty if it cannot be seen.
func (v *visible) dir() string {
	if v == nil {
		return ""
	}
	dir, _ := os.Readlink("/proc/" + v.pid + "/cwd")
	return dir
}

func isDead(state string) bool { return state == "Z" || state == "X" }

// readStat reads fields 3, 4 and 22 of /proc/pid/stat. The second one, the
// name, may hold anything, so it is counted from its end.
func readStat(pid string) (state, parent, start string, ok bool) {
	if _, err := strconv.Atoi(pid); err != nil {
		return "", "", "", false
	}
	b, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return "", "", "", false
	}
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(fields) < 20 {
		return "", "", "", false
	}
	return string(fields[0]), string(fields[1]), string(fields[19]), true
}
