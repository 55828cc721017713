//go:build unix

package shell

import (
	"testing"
	"time"
)

// Only what is both much and fast is let gather: neither the first megabyte of
// anything, nor what a program prints now and then, however much it has before.
func TestFlow_OnlyWhatIsMuchAndFast(t *testing.T) {
	now := time.Unix(1, 0)
	var f flow
	f.empty(now)
	pass := func(n int, took time.Duration) time.Duration {
		f.add(n)
		now = now.Add(took)
		return f.empty(now)
	}
	for f.total+8<<10 < flowStart {
		if nap := pass(8<<10, time.Microsecond); nap != 0 {
			t.Fatalf("a nap of %v after %d bytes", nap, f.total)
		}
	}
	if nap := pass(8<<10, 100*time.Microsecond); nap != napTime {
		t.Errorf("a nap of %v in a flow of 80 MiB/s, want %v", nap, napTime)
	}
	if nap := pass(8<<10, time.Millisecond); nap != 0 {
		t.Errorf("a nap of %v at 8 MiB/s, want none", nap)
	}
	if nap := pass(1, time.Second); nap != 0 {
		t.Errorf("a nap of %v for a prompt, want none", nap)
	}
	if nap := pass(1<<20, napTime); nap != napTime {
		t.Errorf("a nap of %v in a flow that goes on, want %v", nap, napTime)
	}
}
