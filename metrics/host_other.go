//go:build !linux

package metrics

import (
	"fmt"
	"os"
	"time"

	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/shirou/gopsutil/v3/disk"
	hostinfo "github.com/shirou/gopsutil/v3/host"
	"github.com/shirou/gopsutil/v3/load"
	"github.com/shirou/gopsutil/v3/mem"
)

const readSize = 8 << 10

// host reads the counters of the machine through gopsutil.
type host struct{}

func newHost(string) host { return host{} }

func (*host) read(r *Reading) error {
	s := &r.sample
	memory, err := mem.VirtualMemory()
	if err != nil {
		return fmt.Errorf("memory: %w", err)
	}
	s.Host = Resources{CPUs: float64(cpusHere()), MemTotal: memory.Total, MemUsed: less(memory.Total, memory.Available)}
	if swap, err := mem.SwapMemory(); err == nil {
		s.Host.SwapTotal, s.Host.SwapUsed = swap.Total, swap.Used
	}
	if times, err := cpu.Times(false); err == nil && len(times) == 1 {
		all := times[0].User + times[0].Nice + times[0].System + times[0].Idle + times[0].Iowait +
			times[0].Irq + times[0].Softirq + times[0].Steal
		r.host = cpuClock{busy: all - times[0].Idle - times[0].Iowait, all: all}
	}
	if avg, err := load.Avg(); err == nil {
		s.Load = [3]float64{avg.Load1, avg.Load5, avg.Load15}
	}
	if seconds, err := hostinfo.Uptime(); err == nil {
		s.HostUptime = time.Duration(seconds) * time.Second
	}
	return nil
}

func readFile(path string, buf []byte) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err //nolint:wrapcheck // names the path
	}
	return append(buf[:0], text...), nil
}

func diskOf(dir string) (total, used uint64) {
	u, err := disk.Usage(dir)
	if err != nil {
		return 0, 0
	}
	return u.Total, less(u.Total, u.Free)
}
