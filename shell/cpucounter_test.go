//go:build linux

package shell_test

import (
	"testing"
	"time"

	"execd/shell"
)

// What a process has used is told while it runs, and goes on to be told when
// it has ended and the counter is closed.
func TestCPUCounter(t *testing.T) {
	const work = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"
	p, err := shell.Start(shell.Command{Argv: []string{"bash", "-c", "(" + work + "); echo worked; exec sleep 600"}})
	if err != nil {
		t.Fatal(err)
	}
	c := shell.NewCPUCounter(p)
	out, ended := newRecord(), make(chan shell.Exit)
	go func() { ended <- p.Run(out) }()
	out.until(t, shell.Stdout, func(text string) bool { return text != "" })
	user, system, ok := c.CPUTime()
	if least := 20 * time.Millisecond; !ok || user+system < least { // twice the tick that it may be told in
		t.Errorf("%v and %v, %v while it runs", user, system, ok)
	}
	p.Kill()
	exit := <-ended
	for range 2 {
		u, s, ok := c.CPUTime()
		if !ok || u+s < user+system || u+s > exit.Usage.User+exit.Usage.System {
			t.Errorf("%v and %v, %v at the end, %v and %v before, of %+v", u, s, ok, user, system, exit.Usage)
		}
		c.Close()
	}
}
