package shell

import (
	"bytes"
	"os"
	"strconv"
)

// readStorage adds what a process that has exited has read from and written
// to storage, with the children that it has waited for (proc_pid_io(5)). It
// can be asked until the process is reaped. Another user's is not to be seen.
func (u *Usage) readStorage(pid int) {
	text, err := os.ReadFile(procPath(pid, "io"))
	if err != nil {
		return
	}
	u.Read, u.Written = ioField(text, "read_bytes: "), ioField(text, "write_bytes: ")
}

func ioField(text []byte, name string) int64 {
	for line := range bytes.Lines(text) {
		if value, ok := bytes.CutPrefix(line, []byte(name)); ok {
			n, err := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
			if err != nil {
				return 0
			}
			return n
		}
	}
	return 0
}
