package kernel_test

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"testing"

	"execd/kernel"
	"execd/kernel/kerneltest"
)

// steps are the fake cells of runs with variables, by what they are for.
type steps struct {
	mu   sync.Mutex
	list []string
	// script is what a step does, by its name and how often it came before.
	script map[string][]string
}

func (s *steps) execute(c *kerneltest.Cell) {
	name := "run"
	switch {
	case strings.Contains(c.Code, "setdefault('_execd_envs'"):
		name = "set"
	case strings.Contains(c.Code, "get('_execd_envs'"):
		name = "back"
	}
	s.mu.Lock()
	s.list = append(s.list, name[:1])
	todo := s.script[name]
	if len(todo) > 0 {
		s.script[name] = todo[1:]
	}
	s.mu.Unlock()
	switch {
	case len(todo) > 0:
		c.Code = todo[0]
	case name != "run":
		c.Code = "" // nothing, with success
	}
	c.Run()
}

// TestExecuteWith: variables are set before the run and put back behind it,
// whatever becomes of it, and its end is told behind that.
func TestExecuteWith(t *testing.T) {
	interrupted := []string{"error KeyboardInterrupt"}
	twice := func(todo string) []string { return []string{todo, todo} }
	never := slices.Repeat([]string{"error TypeError x"}, 5)
	for name, c := range map[string]struct {
		code   string // "print hi" if empty
		set    []string
		back   []string
		steps  string // by their first letters
		status kernel.Status
		silent bool // it prints nothing
		left   bool
		err    bool
	}{
		"success":             {steps: "srb", status: kernel.StatusOK},
		"error":               {code: "print hi\nerror ValueError no", steps: "srb", status: kernel.StatusError},
		"late output":         {code: "late hi", steps: "srb", status: kernel.StatusOK},
		"not set":             {set: interrupted, steps: "sb", status: kernel.StatusError, silent: true},
		"refused":             {set: []string{"abort"}, back: twice("abort"), steps: "ssrbbb", status: kernel.StatusOK},
		"restore interrupted": {back: twice(interrupted[0]), steps: "srbbb", status: kernel.StatusOK},
		"restore impossible":  {back: never, steps: "srbbbbb", status: kernel.StatusOK, left: true},
		"death before":        {set: []string{"die"}, steps: "s", status: kernel.StatusDead, silent: true, err: true},
		"death":               {code: "die", steps: "sr", status: kernel.StatusDead, silent: true, err: true},
		"death behind":        {back: []string{"die"}, steps: "srb", status: kernel.StatusOK, err: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := &steps{script: map[string][]string{"set": c.set, "back": c.back}}
			l := newLocal(t, &kerneltest.Fake{Execute: s.execute}, kernel.Config{}, kerneltest.Spec{Name: "python3", Language: "python"})
			k := start(t, l, kernel.StartSpec{Language: "python"})
			r := newRecorder()
			if err := kernel.ExecuteWith(k, map[string]string{"A": "b"}, kernel.Request{Code: cmp.Or(c.code, "print hi")}, r); err != nil {
				t.Fatal(err)
			}
			result := r.wait(t)
			if result.Status != c.status || (result.Err != nil) != c.err {
				t.Errorf("%+v", result)
			}
			var stdout strings.Builder
			left := false
			for _, o := range r.all() {
				if o.Kind == kernel.KindStream {
					stdout.WriteString(o.Text)
				}
				left = left || o.Kind == kernel.KindEnvLeft
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if got := strings.Join(s.list, ""); got != c.steps || (stdout.String() != "hi\n") != c.silent || left != c.left {
				t.Errorf("%s, printed %q, left %v", got, stdout.String(), left)
			}
		})
	}
}

func TestExecuteWith_Refused(t *testing.T) {
	k := startFake(t, &kerneltest.Fake{}, kernel.Config{})
	if err := kernel.ExecuteWith(k, map[string]string{"A": "b"}, kernel.Request{Code: "print a"}, newRecorder()); err == nil {
		t.Error("a language of which nothing is known")
	}
	can := map[string]bool{"py": true, "ts": true, "JavaScript": true, "sh": true, "go": false, "java": false, "x": false}
	for language, want := range can {
		if kernel.TakesRunEnv(language) != want {
			t.Errorf("%s: want %v", language, want)
		}
	}
}
