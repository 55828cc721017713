package metrics

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"syscall"
	"time"
)

// host reads the counters of the machine in /proc.
type host struct {
	stat, meminfo, loadavg, uptime, online string // paths
	buf                                    []byte
}

// readSize is more than any of the files has that matters here. Of /proc/stat
// only the first line does, and the file has a line for each processor and
// one with a number for each interrupt.
const readSize = 8 << 10

func newHost(root string) host {
	return host{
		stat:    root + "/proc/stat",
		meminfo: root + "/proc/meminfo",
		loadavg: root + "/proc/loadavg",
		uptime:  root + "/proc/uptime",
		online:  root + "/sys/devices/system/cpu/online",
		buf:     make([]byte, readSize),
	}
}

var (
	errNoMemory = errors.New("no MemTotal in /proc/meminfo")
	errNoCPU    = errors.New("no line for all processors in /proc/stat")
)

func (h *host) read(r *Reading) error {
	s := &r.sample
	text, err := readFile(h.meminfo, h.buf)
	if err != nil {
		return err
	}
	if s.Host = parseMeminfo(text); s.Host.MemTotal == 0 {
		return errNoMemory
	}
	if text, err = readFile(h.stat, h.buf); err != nil {
		return err
	}
	var ok bool
	if r.host, ok = parseStat(text); !ok {
		return errNoCPU
	}
	if text, err = readFile(h.online, h.buf); err == nil {
		s.Host.CPUs = float64(countCPUs(text))
	}
	if s.Host.CPUs == 0 {
		s.Host.CPUs = float64(cpusHere())
	}
	if text, err = readFile(h.loadavg, h.buf); err == nil {
		s.Load = parseLoad(text)
	}
	if text, err = readFile(h.uptime, h.buf); err == nil {
		s.HostUptime = parseUptime(text)
	}
	return nil
}

// readFile reads the beginning of a file into buf. It goes around package os,
// which would ask the kernel four times instead of three, and allocate.
func readFile(path string, buf []byte) ([]byte, error) {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	n, err := syscall.Read(fd, buf)
	_ = syscall.Close(fd) // only read from
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return buf[:n], nil
}

// userHz is the unit of /proc/stat: 100 on every architecture of Linux that
// Go runs on (sysconf(3), _SC_CLK_TCK).
const userHz = 100

// parseStat reads the line of all processors: user, nice, system, idle,
// iowait, irq, softirq, steal, and guest times that are part of the first two
// (proc_stat(5)).
func parseStat(text []byte) (cpuClock, bool) {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	line, ok := bytes.CutPrefix(line, []byte("cpu "))
	if !ok {
		return cpuClock{}, false
	}
	const idle, iowait, steal = 3, 4, 7
	var busy, all uint64
	for i := 0; i <= steal; i++ {
		var field []byte
		field, line = nextField(line)
		n := number(field)
		all += n
		if i != idle && i != iowait {
			busy += n
		}
	}
	return cpuClock{busy: float64(busy) / userHz, all: float64(all) / userHz}, true
}

// parseMeminfo reads lines such as "MemTotal:  8117972 kB" (proc_meminfo(5)).
func parseMeminfo(text []byte) Resources {
	var r Resources
	var free, available, cached, swapFree uint64
	hasAvailable := false
	for line := range bytes.Lines(text) {
		name, rest, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			continue
		}
		field, _ := nextField(rest)
		n := number(field) << 10
		switch string(name) {
		case "MemTotal":
			r.MemTotal = n
		case "MemFree":
			free = n
		case "MemAvailable":
			available, hasAvailable = n, true
		case "Buffers", "Cached":
			cached += n
		case "SwapTotal":
			r.SwapTotal = n
		case "SwapFree":
			swapFree = n
		}
	}
	if !hasAvailable { // before Linux 3.14
		available = free + cached
	}
	r.MemUsed = less(r.MemTotal, available)
	r.SwapUsed = less(r.SwapTotal, swapFree)
	return r
}

func parseLoad(text []byte) (load [3]float64) {
	for i := range load {
		var field []byte
		field, text = nextField(text)
		load[i] = decimal(field)
	}
	return load
}

func parseUptime(text []byte) time.Duration {
	field, _ := nextField(text)
	return time.Duration(decimal(field) * float64(time.Second))
}

// decimal is the number in text, or 0 where there is none that a counter can
// have.
func decimal(text []byte) float64 {
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !(f >= 0 && f < 1e9) { // no number, or no time that a machine has been up
		return 0
	}
	return f
}

// diskOf is the size of the file system that holds dir, and how much of it is
// taken, in the sense of df(1): what is reserved for root is.
func diskOf(dir string) (total, used uint64) {
	var st syscall.Statfs_t
	if syscall.Statfs(dir, &st) != nil {
		return 0, 0
	}
	block := uint64(st.Frsize)
	if block == 0 {
		block = uint64(st.Bsize)
	}
	return st.Blocks * block, less(st.Blocks, st.Bavail) * block
}
