//go:build !linux

package metrics

import (
	"github.com/shirou/gopsutil/v3/net"
	"github.com/shirou/gopsutil/v3/process"
)

// ReadNetwork reads the counters of the machine through gopsutil. It reports
// false where there are none.
func ReadNetwork() (Network, bool) {
	var n Network
	devices, err := net.IOCounters(true)
	if err != nil {
		return n, false
	}
	for _, d := range devices {
		if d.Name != "lo" && d.Name != "lo0" {
			n.Received += d.BytesRecv
			n.Sent += d.BytesSent
		}
	}
	if connections, err := net.Connections("tcp"); err == nil {
		for _, c := range connections {
			if c.Status == "ESTABLISHED" {
				n.TCP++
			}
		}
	}
	if connections, err := net.Connections("udp"); err == nil {
		n.UDP = len(connections)
	}
	return n, true
}

// Processes counts the processes of the machine.
func Processes() (int, bool) {
	pids, err := process.Pids()
	return len(pids), err == nil
}
