package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// sessionInput is one of testdata/session_inputs.txt, which are separated by lines of four dashes.
type sessionInput struct {
	script string
	want   []string // what "echo ok" prints behind it
}

// probePrefix begins the first line of an input that changes what "echo ok" prints, with the lines that it prints then.
const probePrefix = "#= "

func sessionInputs(tb testing.TB) []sessionInput {
	tb.Helper()
	text, err := os.ReadFile("testdata/session_inputs.txt")
	must(tb, err)
	var all []sessionInput
	for script := range strings.SplitSeq(strings.TrimSuffix(string(text), "\n"), "\n----\n") {
		input := sessionInput{script, []string{"ok"}}
		if first, rest, _ := strings.Cut(script, "\n"); strings.HasPrefix(first, probePrefix) {
			input = sessionInput{rest, strings.Split(strings.TrimPrefix(first, probePrefix), "|")}
		}
		all = append(all, input)
	}
	if len(all) < 200 {
		tb.Fatalf("%d inputs, want 200 at least", len(all))
	}
	return all
}

// Whatever a session is given, its run ends, and the next one works.
func TestSession_Inputs(t *testing.T) {
	t.Parallel()
	d := start(t)
	all := sessionInputs(t)
	inputs := make(chan sessionInput, len(all))
	for _, input := range all {
		inputs <- input
	}
	close(inputs)
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for input := range inputs {
				if err := d.survives(t, input); err != nil {
					t.Errorf("%q: %v", input.script, err)
				}
			}
		})
	}
	clients.Wait()
	eventually(t, "the end of everything in the sessions", func() bool { return len(d.children()) == 0 })
}

// hung is after how many milliseconds an input is said to hang.
const hung = 30_000

// survives gives a session an input and then "echo ok".
func (d *daemon) survives(t *testing.T, input sessionInput) error {
	t.Helper()
	s := d.newSession(t, object{"cwd": t.TempDir()})
	defer d.empty(t, http.MethodDelete, "/session/"+s.ID, nil)
	if end := s.run(t, object{"command": input.script, "timeout": hung}).last(); end.Reason != "" {
		return fmt.Errorf("it ended with %s", end.Raw)
	}
	r := s.run(t, object{"command": "echo ok", "timeout": hung})
	if end := endingOf(r.last()); end != success {
		return fmt.Errorf("the next run ended as %+v: %s", end, r.last().Raw)
	}
	if !slices.Equal(r.stdout(), input.want) {
		return fmt.Errorf("the next run printed %q, want %q; stderr %q", r.stdout(), input.want, r.stderr())
	}
	return nil
}
