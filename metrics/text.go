package metrics

import (
	"bytes"
	"math"
	"runtime"
	"strconv"
)

// nextField cuts the first field off, which spaces end.
func nextField(text []byte) (field, rest []byte) {
	text = bytes.TrimLeft(text, " \t")
	end := bytes.IndexAny(text, " \t\n")
	if end < 0 {
		return text, nil
	}
	return text[:end], text[end:]
}

// number is the decimal number in text, or 0. What does not fit is as large
// as a number can be: kernels say "no limit" that way.
func number(text []byte) uint64 {
	var n uint64
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0
		}
		if n > (math.MaxUint64-9)/10 {
			return math.MaxUint64
		}
		n = n*10 + uint64(c-'0')
	}
	return n
}

// valueOf finds the number behind a name at the beginning of a line, as in
// "usage_usec 1234".
func valueOf(text []byte, name string) (uint64, bool) {
	for line := range bytes.Lines(text) {
		field, rest := nextField(line)
		if string(field) == name {
			field, _ = nextField(rest)
			return number(field), true
		}
	}
	return 0, false
}

// maxCPUs bounds what a list of processors may name: Linux has no more.
const maxCPUs = 1 << 16

// countCPUs counts the processors of a list such as "0-3,8" (cpuset(7), List
// format).
func countCPUs(text []byte) int {
	n := 0
	for part := range bytes.SplitSeq(bytes.TrimSpace(text), []byte(",")) {
		first, last, isRange := bytes.Cut(part, []byte("-"))
		from, err := strconv.ParseUint(string(first), 10, 16)
		if err != nil {
			continue
		}
		to := from
		if isRange {
			if to, err = strconv.ParseUint(string(last), 10, 16); err != nil || to < from {
				continue
			}
		}
		n += int(to-from) + 1
	}
	return min(n, maxCPUs)
}

func cpusHere() int { return runtime.NumCPU() }

// less is a - b, or 0 where counters that were read one after the other
// contradict each other.
func less(a, b uint64) uint64 {
	if b > a {
		return 0
	}
	return a - b
}
