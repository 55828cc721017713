package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// contextWhole is what holds for a context wherever its kernel is: its directory and variables, those of one run, what it
// uses, and a restart that keeps all of them but the state.
func contextWhole(t *testing.T, d *daemon, _ string) {
	t.Helper()
	dir := filepath.Join(d.dir, "of the context")
	id := d.newContext(t, object{"cwd": dir, "envs": object{"KEPT": "of the context"}}).ID
	const show = "import os; print(os.getcwd(), os.environ['KEPT'], 'x' in globals())"
	if r := d.code(t, in(id, show)); r.output() != dir+" of the context False\n" {
		t.Errorf("%q: %s", r.output(), r.last().Raw)
	}
	if r := d.code(t, with(id, "x = 1; print(os.environ['KEPT'])", object{"KEPT": "of the run"})); r.output() != "of the run\n" {
		t.Errorf("%q: %s", r.output(), r.last().Raw)
	}
	if r := d.code(t, in(id, show)); r.output() != dir+" of the context True\n" {
		t.Errorf("%q: %s", r.output(), r.last().Raw)
	}
	usage := get[struct {
		Usage struct {
			Memory int64 `json:"memory_bytes"`
		}
	}](t, d, "/code/contexts/"+id).Usage
	if runtime.GOOS == "linux" && usage.Memory < 10<<20 {
		t.Errorf("it uses %+v", usage)
	}
	running := d.openCode(t, in(id, "print('begun')\nwhile True: pass"))
	running.untilText(t, "begun\n")
	if c := post[codeContext](t, d, "/code/contexts/"+id+"/restart", nil); c.ID != id || c.State != "idle" {
		t.Errorf("restarted is %+v", c)
	}
	if end := running.rest(t).last(); end.Error == nil || end.Error.Name != "KernelRestarted" {
		t.Errorf("it ended with %s", end.Raw)
	}
	if r := d.code(t, in(id, show)); r.output() != dir+" of the context False\n" {
		t.Errorf("%q: %s", r.output(), r.last().Raw)
	}
	d.empty(t, http.MethodDelete, "/code/contexts/"+id, nil)
}

// Contexts on a Jupyter server are found again by an execd that comes after one that ended or was killed, with what they
// had and what they were doing.
func TestJupyter_FoundAgain(t *testing.T) {
	t.Parallel()
	j := startJupyter(t)
	d := j.daemon(t)
	dir := filepath.Join(t.TempDir(), "here")
	id := d.newContext(t, object{"cwd": dir, "envs": object{"OF_ONE": "yes"}}).ID
	other := d.newContext(t).ID
	r := d.code(t, in(id, "x = [1]; import os; os.getpid()"))
	pid, err := strconv.Atoi(r.of("result")[0].Results["text"])
	must(t, err)
	ends := []func(){
		func() { d.stop(t) },
		func() { // in the middle of a cell, which goes on
			s := d.openCode(t, in(id, "print('begun')\nimport time\nwhile not os.path.exists('go'): time.sleep(.01)\nx.append('meanwhile')"))
			s.untilText(t, "begun\n")
			d.kill(t)
			s.close()
			must(t, os.WriteFile(filepath.Join(dir, "go"), nil, 0o600))
		},
	}
	for i, end := range ends {
		end()
		d = j.daemon(t)
		eventually(t, "the contexts", func() bool {
			var ids []string
			for _, c := range get[[]codeContext](t, d, "/code/contexts") {
				ids = append(ids, c.ID)
			}
			return len(ids) == 2 && strings.Contains(strings.Join(ids, " "), id) && strings.Contains(strings.Join(ids, " "), other)
		})
		r := d.code(t, in(id, "x.append(2); print(x, os.getpid(), os.getcwd(), os.environ['OF_ONE'])"))
		want := []string{"[1, 2]", "[1, 2, 'meanwhile', 2]"}[i] + " " + strconv.Itoa(pid) + " " + dir + " yes\n"
		if r.output() != want {
			t.Errorf("%q, want %q: %s", r.output(), want, r.last().Raw)
		}
	}
	d.empty(t, http.MethodDelete, "/code/contexts/"+id, nil)
	eventually(t, "the end of the kernel", func() bool { return !alive(pid) })
	d.code(t, in(other, "1")).ends(t, cellDone)
	j.stop(t, syscall.SIGTERM)
	eventually(t, "the news of the server's end", func() bool { return get[codeContext](t, d, "/code/contexts/"+other).State == "dead" })
}
