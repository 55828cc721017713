//go:build !linux

package main

import "time"

func residentMemory(int) (float64, error) {
	return 0, skip("the memory of a process is only read on Linux")
}

func peakMemory(pid int) (float64, error) { return residentMemory(pid) }

func cpuTime(int) (time.Duration, error) {
	return 0, skip("the CPU time of a process is only read on Linux")
}

func cpuModel() string { return "" }
