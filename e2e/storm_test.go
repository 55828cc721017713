package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// stormy is a script of processes each of which starts its successor, in a session of its own, and ends: nobody is there
// for long, nobody has a parent, and nobody is in the group of the command. It tells of each tenth generation.
func stormy(tb testing.TB, processes int) string {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "storm.sh")
	const generation = `sleep 0.2
setsid sh "$0" &
`
	must(tb, os.WriteFile(file, []byte(generation), 0o600))
	return fmt.Sprintf("for i in $(seq %d); do setsid sh %s & done; echo begun; sleep 1000", processes, file)
}

// A storm of processes that respawn ends with its command.
func TestStorm(t *testing.T) { //nolint:paralleltest // it takes all of the machine
	d := start(t)
	for name, begin := range d.starters(t) {
		t.Run(name, func(t *testing.T) {
			const processes = 200 // each with a sleep of its own
			s := begin(stormy(t, processes))
			s.untilText(t, "begun")
			asked := time.Now()
			d.empty(t, http.MethodDelete, "/executions/"+s.id, nil)
			t.Logf("ended within %v", time.Since(asked))
			end := s.rest(t).last()
			var ended struct {
				Processes int `json:"processes_ended"`
			}
			must(t, json.Unmarshal([]byte(end.Raw), &ended))
			if ended.Processes < processes {
				t.Errorf("%d processes are counted: %s", ended.Processes, end.Raw)
			}
			if left := processesWith("EXECD_EXECUTION_ID=" + s.id); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

// As process 1, which execd stands in for with --init: children that end by the thousand, half of them orphans, leave no
// zombie, and no command gets the exit status of another.
func TestInit_ShortChildren(t *testing.T) {
	t.Parallel()
	d := start(t, "--init")
	const script = `import os
for i in range(%d):
    pid = os.fork()
    if pid == 0:
        if os.fork() == 0:
            os._exit(7)
        os._exit(i %% 256)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code == i %% 256, (i, code)
print("right")
`
	const atOnce, children = 2, 2_500
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for range soak(t) {
				s := d.openCommand(t, object{"argv": []string{"python3", "-c", fmt.Sprintf(script, children/2)}})
				if r := s.rest(t); strings.Join(r.stdout(), "") != "right" {
					t.Errorf("%s", r.last().Raw)
				}
			}
		})
	}
	for code := range 200 {
		end := d.command(t, fmt.Sprintf("exit %d", code)).last()
		if end.ExitCode == nil || *end.ExitCode != code {
			t.Errorf("exit %d is told as %s", code, end.Raw)
		}
	}
	all.Wait()
	eventually(t, "no zombie to be left", func() bool { return len(zombiesOf(t, d.cmd.Process.Pid)) == 0 })
}

// soak is how much longer than usual the tests of endurance are to take: EXECD_SOAK, which make soak sets.
func soak(tb testing.TB) int {
	tb.Helper()
	text := os.Getenv("EXECD_SOAK")
	if text == "" {
		return 1
	}
	n, err := strconv.Atoi(text)
	must(tb, err)
	return n
}

// zombiesOf are the children of a process that have ended and were not waited for.
func zombiesOf(tb testing.TB, parent int) []string {
	tb.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	must(tb, err)
	var zombies []string
	for _, path := range stats {
		text, _ := os.ReadFile(path) // gone meanwhile
		_, after, _ := strings.Cut(string(text), ") ")
		if strings.HasPrefix(after, fmt.Sprintf("Z %d ", parent)) {
			zombies = append(zombies, string(text))
		}
	}
	return zombies
}
