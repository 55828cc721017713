package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// residentMemory is what a process has in memory, in bytes (proc(5), VmRSS).
func residentMemory(pid int) (float64, error) { return memory(pid, "VmRSS:") }

// peakMemory is the most that it has had.
func peakMemory(pid int) (float64, error) { return memory(pid, "VmHWM:") }

func memory(pid int, field string) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("read memory of execd: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, field); ok {
			kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
			if err != nil {
				return 0, fmt.Errorf("read memory of execd: %w", err)
			}
			return kib * 1024, nil
		}
	}
	return 0, fmt.Errorf("read memory of execd: no %s in %q", field, text)
}

// tick is the unit of times in /proc: USER_HZ, which is 100 on every platform that Go has.
const tick = time.Second / 100

// cpuTime is the time that a process has computed (proc(5), fields utime and stime of /proc/pid/stat).
func cpuTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("read CPU time of execd: %w", err)
	}
	behind := text[bytes.LastIndexByte(text, ')')+1:] // the name may contain anything
	fields := strings.Fields(string(behind))
	const utime, stime = 14 - 3, 15 - 3 // field 3 is the first behind the name
	if len(fields) <= stime {
		return 0, fmt.Errorf("read CPU time of execd: %q", text)
	}
	user, err := strconv.ParseInt(fields[utime], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read CPU time of execd: %w", err)
	}
	system, err := strconv.ParseInt(fields[stime], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read CPU time of execd: %w", err)
	}
	return time.Duration(user+system) * tick, nil
}

// cpuModel is the name of the processor.
func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo") // not everywhere, and only for the reader
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
