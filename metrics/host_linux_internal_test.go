//go:build linux

package metrics

import "testing"

// FuzzText holds the parsers of /proc to what a sample promises, whatever
// they are given.
func FuzzText(f *testing.F) {
	f.Add([]byte("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1\n"))
	f.Add([]byte("MemTotal: 5 kB\nMemAvailable: 99 kB\nSwapTotal: 1 kB\nSwapFree: 2 kB\n"))
	f.Add([]byte("0.5 NaN 1e999 1/2 3\n"))
	f.Add([]byte("usage_usec 12\noom_kill"))
	f.Add([]byte("42 (a) b) S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 99\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if c, ok := parseStat(text); ok && (c.busy < 0 || c.busy > c.all) {
			t.Errorf("%+v in %q", c, text)
		}
		if r := parseMeminfo(text); r.MemUsed > r.MemTotal || r.SwapUsed > r.SwapTotal {
			t.Errorf("%+v in %q", r, text)
		}
		for _, l := range parseLoad(text) {
			if !(l >= 0) {
				t.Errorf("load %v in %q", l, text)
			}
		}
		if d := parseUptime(text); d < 0 {
			t.Errorf("uptime %v in %q", d, text)
		}
		if p, ok := parseProcess(text); ok && p.CPU < 0 {
			t.Errorf("%v of processor time in %q", p.CPU, text)
		}
		valueOf(text, "usage_usec")
		if n := countCPUs(text); n < 0 || n > maxCPUs {
			t.Errorf("%d processors in %q", n, text)
		}
	})
}
