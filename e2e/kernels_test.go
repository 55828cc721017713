package e2e_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// otherKernels is what scripts/kernels.sh has to say, once.
var otherKernels = sync.OnceValues(func() (string, error) {
	cmd := exec.Command("../scripts/kernels.sh")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
})

// allKernels is the environment in which the kernels of all languages are found, or the test is skipped.
func allKernels(tb testing.TB) []string {
	tb.Helper()
	needsPython(tb)
	dir, err := otherKernels()
	must(tb, err)
	if dir == "" {
		tb.Skip("NO KERNELS BUT PYTHON'S, so no other language is tested: scripts/kernels.sh says why")
	}
	return []string{"JUPYTER_PATH=" + dir + ":" + os.Getenv("JUPYTER_PATH")}
}

// needsKernel skips a test of a kernel that could not be had.
func needsKernel(tb testing.TB, name string) {
	tb.Helper()
	dir, err := otherKernels()
	must(tb, err)
	if _, err := os.Stat(filepath.Join(dir, "kernels", name)); err != nil && name != "python3" {
		tb.Skipf("NO KERNEL %q: scripts/kernels.sh says why", name)
	}
}

// TestKernels has every language do what all can, with kernels of execd's own and with those of a Jupyter server. After
// that nothing may be left of them.
func TestKernels(t *testing.T) {
	t.Parallel()
	env := allKernels(t)
	t.Run("Local", func(t *testing.T) {
		t.Parallel()
		d := startWith(t, env)
		t.Run("All", func(t *testing.T) { speakAll(t, d, true) })
		eventually(t, "the end of the kernels", func() bool { return len(d.children()) == 0 })
	})
	t.Run("Server", func(t *testing.T) {
		t.Parallel()
		marker := "EXECD_E2E=" + newMarker()
		// Go has its caches below the home, and the server another home.
		caches, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
		must(t, err)
		cache, modules, _ := strings.Cut(strings.TrimSpace(string(caches)), "\n")
		j := startJupyter(t, append(env, marker, "GOCACHE="+cache, "GOMODCACHE="+modules, "TMPDIR="+t.TempDir())...)
		d := j.daemon(t)
		t.Run("All", func(t *testing.T) { speakAll(t, d, false) })
		eventually(t, "the end of the kernels", func() bool { return len(processesWith(marker)) == 1 })
	})
}

func speakAll(t *testing.T, d *daemon, local bool) {
	t.Helper()
	for _, l := range dialects {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			needsKernel(t, l.kernel)
			wanted, cwd := object{"language": l.name}, t.TempDir()
			if local || !l.rigid {
				wanted["cwd"], wanted["envs"] = cwd, object{"OF_ONE": "it's \"of\" one", "TMPDIR": t.TempDir()}
			}
			c := post[codeContext](t, d, "/code/context", wanted)
			if c.Language != l.language {
				t.Errorf("the context is of %q", c.Language)
			}
			s := speaker{d, l, c.ID}
			if wanted["cwd"] != nil {
				s.prints(t, l.where, cwd+" it's \"of\" one\n")
				s.varies(t)
				s.prints(t, l.where, cwd+" it's \"of\" one\n")
			}
			s.speak(t)
			d.empty(t, http.MethodDelete, "/code/contexts/"+c.ID, nil)
		})
	}
}

// speaker uses a context in its language.
type speaker struct {
	d *daemon
	dialect
	id string
}

func (s speaker) in(code string) object { return object{"context": object{"id": s.id}, "code": code} }

// runs has a cell run that must succeed.
func (s speaker) runs(t *testing.T, code string) run {
	t.Helper()
	r := s.d.code(t, s.in(code))
	if end := r.last(); end.Type != "execution_complete" || end.Reason != "" {
		t.Errorf("%q ended with %s, after %+v", code, end.Raw, r)
	}
	return r
}

func (s speaker) prints(t *testing.T, code, want string) {
	t.Helper()
	if got := s.runs(t, code).output(); got != want {
		t.Errorf("%q prints %q, want %q", code, got, want)
	}
}

// varies gives one run a variable of its own, or is told that the language cannot do that.
func (s speaker) varies(t *testing.T) {
	t.Helper()
	code := s.in(s.where)
	code["envs"] = object{"OF_ONE": "of the run"}
	if !slices.Contains([]string{"python", "bash", "javascript", "typescript"}, s.language) {
		s.d.fails(t, http.StatusNotImplemented, "NOT_SUPPORTED", http.MethodPost, "/code", code)
		return
	}
	r := s.d.code(t, code)
	r.ends(t, cellDone)
	if got := r.output(); !strings.HasSuffix(got, " of the run\n") {
		t.Errorf("%q prints %q", s.where, got)
	}
}

// remembers checks the state: some kernels print the value of an expression, others return it.
func (s speaker) remembers(t *testing.T) {
	t.Helper()
	r := s.runs(t, s.get)
	shown := r.output()
	for _, e := range r.of("result") {
		shown += e.Results["text/plain"]
	}
	if strings.TrimSpace(shown) != "42" {
		t.Errorf("%q shows %q", s.get, shown)
	}
}

func (s speaker) speak(t *testing.T) {
	t.Helper()
	s.runs(t, s.set)
	s.remembers(t)
	s.prints(t, s.unicode, "é€😀\n")
	if r := s.runs(t, s.stderr); s.terminal {
		s.is(t, "stdout", r.output(), "err\n")
	} else {
		s.is(t, "stderr", strings.Join(r.stderr(), ""), "err\n")
		s.is(t, "stdout", r.output(), "")
	}
	s.shows(t)
	s.fails(t)
	s.remembers(t) // at once: tslab refuses it at first
	s.interrupted(t)
	s.remembers(t)
}

func (s speaker) is(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %q, want %q", what, got, want)
	}
}

// shows checks the rich result.
func (s speaker) shows(t *testing.T) {
	t.Helper()
	var r run
	for _, code := range s.rich {
		r = s.runs(t, code)
	}
	isIt := func(e event) bool { return strings.TrimSpace(e.Results["text/html"]) == "<b>x</b>" }
	if !slices.ContainsFunc(r.of("result"), isIt) {
		t.Errorf("%q shows %+v", s.rich, r)
	}
}

func (s speaker) fails(t *testing.T) {
	t.Helper()
	end := s.d.code(t, s.in(s.fail)).last()
	if end.Type != "error" || end.Error == nil || end.Error.Name != s.ename || end.Error.Value != s.evalue || end.Reason != "" {
		t.Errorf("%q ended with %s", s.fail, end.Raw)
	}
}

func (s speaker) interrupted(t *testing.T) {
	t.Helper()
	cell := s.d.openCode(t, s.in(s.hang))
	text := ""
	cell.until(t, "begun", func(e event) bool {
		if e.Type == "stdout" {
			text += e.Text
		}
		return text == "begun\n" // which may come in pieces
	})
	s.d.empty(t, http.MethodDelete, "/code?id="+s.id, nil)
	if end := cell.rest(t).last(); end.Type != "error" || end.Reason != "interrupt" || end.Error.Name == "KernelDied" {
		t.Errorf("the interrupted cell ended with %s", end.Raw)
	}
}

// The kernels of a language have an order, which configuration changes.
func TestKernels_Order(t *testing.T) {
	t.Parallel()
	env := allKernels(t)
	for _, c := range []struct {
		args []string
		want map[string]string
	}{
		{nil, map[string]string{"typescript": "tslab", "javascript": "jslab"}},
		{[]string{"--kernels", "TS=deno, Js = missing,JS=deno"}, map[string]string{"typescript": "deno", "javascript": "deno"}},
	} {
		d := startWith(t, env, c.args...)
		needsKernel(t, "deno")
		for _, l := range get[[]struct{ Language, Kernel string }](t, d, "/code/languages") {
			if want := c.want[l.Language]; want != "" && l.Kernel != want {
				t.Errorf("with %q %s is run by %q, want %q", c.args, l.Language, l.Kernel, want)
			}
		}
	}
}
