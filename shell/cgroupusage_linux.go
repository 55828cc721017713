package shell

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// countFor has the kernel count for the groups below path what it can: without
// a controller for it there is only the time of the processors. Nobody is in
// path itself, which is what allows it (cgroups(7), "no internal processes").
// It reports whether there is one.
func countFor(path string) (counts bool) {
	can, _ := os.ReadFile(filepath.Join(path, "cgroup.controllers")) // none: nothing to turn on
	for _, controller := range [][]byte{[]byte("memory"), []byte("pids"), []byte("io")} {
		if slices.ContainsFunc(bytes.Fields(can), func(c []byte) bool { return bytes.Equal(c, controller) }) {
			err := os.WriteFile(filepath.Join(path, "cgroup.subtree_control"), append([]byte{'+'}, controller...), 0)
			counts = counts || err == nil // refused: as before
		}
	}
	return counts
}

// cpuTime is how long processors have worked for a group.
type cpuTime struct{ user, system time.Duration }

// cpu is what all who were ever in the group have used. The kernel may refuse
// to tell, at its limit of memory for example.
func (c *cgroup) cpu() (used cpuTime, ok bool) {
	var buf [512]byte
	n, err := unix.Pread(c.stat, buf[:], 0)
	if err != nil {
		return cpuTime{}, false
	}
	return cpuTime{microseconds(buf[:n], "user_usec"), microseconds(buf[:n], "system_usec")}, true
}

// readGroup adds what the group of a process knows better: it has counted
// everybody who was ever in it, also who has lost its parent and was not
// waited for.
func (u *Usage) readGroup(c *cgroup) {
	if c == nil {
		return
	}
	now, _ := c.cpu() // less than before, which changes nothing
	user, system := now.user-c.before.user, now.system-c.before.system
	if user+system > u.User+u.System {
		u.User, u.System = user, system
	}
	if !c.counts {
		return
	}
	u.MaxRSS = max(u.MaxRSS, firstNumber(c.read("memory.peak")))
	u.Processes = int(firstNumber(c.read("pids.peak")))
	u.OOMKills = fieldOf(c.read("memory.events"), "oom_kill")
	var read, written int64
	for field := range bytes.FieldsSeq(c.read("io.stat")) { // 8:0 rbytes=1 wbytes=2 rios=3 …
		name, value, _ := bytes.Cut(field, []byte("="))
		switch string(name) {
		case "rbytes":
			read += firstNumber(value)
		case "wbytes":
			written += firstNumber(value)
		}
	}
	u.Read, u.Written = max(u.Read, read), max(u.Written, written)
}

// read is nothing where the kernel does not count.
func (c *cgroup) read(file string) []byte {
	text, _ := os.ReadFile(filepath.Join(c.path, file)) // see above
	return text
}

func microseconds(text []byte, name string) time.Duration {
	return time.Duration(fieldOf(text, name)) * time.Microsecond
}

// fieldOf is the number behind a name at the beginning of a line.
func fieldOf(text []byte, name string) int64 {
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte(name+" ")); ok {
			return firstNumber(rest)
		}
	}
	return 0
}

// firstNumber is the number that text is, or 0.
func firstNumber(text []byte) int64 {
	n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
