//go:build linux

package shell_test

import (
	"testing"
	"time"
)

// A run is charged with what was used while it ran, by the shell itself, by
// children that it has waited for, and by one that ends the shell.
func TestSession_Usage(t *testing.T) {
	s := newSession(t)
	const work = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"
	least := 20 * time.Millisecond // for twice the tick that CPU time may be told in
	for _, script := range []string{work, "(" + work + ")", "bash -c '" + work + "'", work + "; exit 3"} {
		idle := say(t, s, ":").exit.Usage
		busy := say(t, s, script).exit.Usage
		if got := busy.User + busy.System; got < least {
			t.Errorf("%.20s…: %v of CPU time, want %v at least", script, got, least)
		}
		if busy.User+busy.System < 2*(idle.User+idle.System) {
			t.Errorf("%.20s…: %+v, and what does nothing %+v", script, busy, idle)
		}
	}
	if idle := say(t, s, ":").exit.Usage; idle.User+idle.System > 2*least {
		t.Errorf("a fresh shell is charged with that before it: %+v", idle)
	}
}
