package shell_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"execd/shell"
)

// children are the processes that this one is the parent of, zombies apart.
func children(t *testing.T) (alive, zombies []int) {
	t.Helper()
	names, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		pid, err := strconv.Atoi(n.Name())
		if err != nil {
			continue
		}
		text, err := os.ReadFile("/proc/" + n.Name() + "/stat")
		if err != nil {
			continue
		}
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		switch {
		case fields[1] != strconv.Itoa(os.Getpid()):
		case fields[0] == "Z":
			zombies = append(zombies, pid)
		default:
			alive = append(alive, pid)
		}
	}
	return alive, zombies
}

// Orphans are reaped and no exit status is lost to that.
func TestOrphans(t *testing.T) {
	orphans, err := shell.AdoptOrphans()
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 40 {
				code := (worker*40 + i) % 100
				p, err := shell.Start(script(fmt.Sprintf("(true & true &); (setsid true &); exit %d", code)))
				if err != nil {
					t.Error(err)
					return
				}
				if exit := p.Run(newRecord()); exit.Code != code {
					t.Errorf("%v, want %d", exit, code)
				}
				<-p.OutputDone()
			}
		})
	}
	all.Wait()
	for deadline := time.Now().Add(patience); ; {
		if alive, zombies := children(t); len(alive)+len(zombies) == 0 {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("alive %v, zombies %v", alive, zombies)
		}
	}
	exit, out := run(t, "(trap '' TERM; sleep 600 & echo $!; wait) & sleep 0.1; setsid sleep 600 & echo $!")
	if exit.Code != 0 {
		t.Fatal(exit)
	}
	text := out.until(t, shell.Stdout, func(s string) bool { return strings.Count(s, "\n") == 2 })
	window, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	orphans.Close(window)
	for _, pid := range pids(t, text) {
		if lives(pid) {
			t.Errorf("%d lives", pid)
		}
	}
}
