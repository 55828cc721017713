package metrics

import (
	"bufio"
	"bytes"
	"os"
)

// ReadNetwork reads the counters of the network namespace that this process is
// in, which in a container is the container's. It reports false where there
// are none.
func ReadNetwork() (Network, bool) { return readNetwork("/proc/net") }

func readNetwork(dir string) (Network, bool) {
	var n Network
	text, err := os.ReadFile(dir + "/dev")
	if err != nil {
		return n, false
	}
	n.Received, n.Sent = parseDevices(text)
	for _, family := range []string{"", "6"} {
		n.TCP += countSockets(dir+"/tcp"+family, "01") // established (include/net/tcp_states.h)
		n.UDP += countSockets(dir+"/udp"+family, "")
	}
	return n, true
}

// parseDevices adds up the lines of all interfaces (proc_pid_net(5), dev):
// eight numbers of what was received, bytes first, and then of what was sent.
func parseDevices(text []byte) (received, sent uint64) {
	for line := range bytes.Lines(text) {
		name, numbers, ok := bytes.Cut(line, []byte(":"))
		if fields := bytes.Fields(numbers); ok && len(fields) > 8 && string(bytes.TrimSpace(name)) != "lo" {
			received += number(fields[0])
			sent += number(fields[8])
		}
	}
	return received, sent
}

// countSockets counts the lines with a state in a table of sockets; an empty
// state is any.
func countSockets(file, state string) int {
	f, err := os.Open(file)
	if err != nil {
		return 0 // a kernel without IPv6
	}
	defer f.Close() //nolint:errcheck // only read from
	n, lines := 0, bufio.NewScanner(f)
	lines.Scan() // the names of the columns
	for lines.Scan() {
		const st = 3 // behind a number and two addresses
		if fields := bytes.Fields(lines.Bytes()); len(fields) > st && (state == "" || string(fields[st]) == state) {
			n++
		}
	}
	return n
}

// Processes counts the processes that this one can see.
func Processes() (int, bool) {
	d, err := os.Open("/proc")
	if err != nil {
		return 0, false
	}
	defer d.Close() //nolint:errcheck // only read from
	names, err := d.Readdirnames(-1)
	n := 0
	for _, name := range names {
		if name[0] >= '1' && name[0] <= '9' {
			n++
		}
	}
	return n, err == nil
}
