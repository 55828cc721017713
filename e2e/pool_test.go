package e2e_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// spares waits until so many kernels of a language are held ready.
func (d *daemon) spares(tb testing.TB, language string, want int) {
	tb.Helper()
	type installed struct {
		Language string
		Spares   int
	}
	eventually(tb, "the spares", func() bool {
		all := get[[]installed](tb, d, "/code/languages")
		i := slices.IndexFunc(all, func(l installed) bool { return l.Language == language })
		return i >= 0 && all[i].Spares == want
	})
}

// probe prints what code can see of how its kernel was started.
const probe = `import json, os, sys, locale, signal
ours = ('json', 'os', 'sys', 'locale', 'signal', '__warningregistry__')
print(json.dumps({
    'cwd': os.getcwd(), 'really': os.path.realpath('/proc/self/cwd'),
    'env': {k: v for k, v in os.environ.items()
            if k not in ('EXECD_E2E', 'PLANTED', 'TMPDIR', 'EXECD_EXECUTION_ID', 'JPY_PARENT_PID', 'JUPYTER_PORT')},
    'path': sys.path, 'import from': __import__('importlib').util.find_spec('mine').origin,
    'child': os.popen('echo $OF_ONE; pwd').read(), 'names': sorted(k for k in globals() if k not in ours),
    'history': [len(In), len(Out), get_ipython().execution_count], 'locale': locale.getlocale(),
    'interrupt': str(signal.getsignal(2)).split(' at ')[0],
}))`

// A kernel from the pool is as one that was started for its context.
func TestPool_AsCold(t *testing.T) {
	t.Parallel()
	needsPython(t)
	dir := filepath.Join(t.TempDir(), "a 'b' ü")
	must(t, os.MkdirAll(dir, 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "mine.py"), nil, 0o600))
	seen := map[string]map[string]any{}
	for _, pool := range []string{"", "python=1"} {
		d := start(t, "--kernel-pool", pool)
		var warm []process
		if pool != "" {
			d.spares(t, "python", 1)
			warm = d.kernels()
		}
		id := d.newContext(t, object{"cwd": dir, "envs": object{"OF_ONE": "yes 'and' \"no\"\n", "EMPTY": ""}}).ID
		r := d.code(t, in(id, probe))
		r.ends(t, cellDone)
		var found map[string]any
		must(t, json.Unmarshal([]byte(r.output()), &found))
		seen[pool] = found
		if counts := r.of("execution_count"); len(counts) != 1 || counts[0].ExecutionCount != 1 {
			t.Errorf("it was cell %+v of its kernel", counts)
		}
		is := d.code(t, in(id, "import os; os.getpid()")).of("result")[0].Results["text"]
		if pool != "" && (len(warm) != 1 || is != strconv.Itoa(warm[0].pid)) {
			t.Errorf("it is process %s, the spare was %v", is, warm)
		}
	}
	for what, cold := range seen[""] {
		if warm := seen["python=1"][what]; !reflect.DeepEqual(cold, warm) {
			t.Errorf("%s: cold %v, warm %v", what, cold, warm)
		}
	}
	if seen[""]["cwd"] != dir {
		t.Errorf("it is in %v", seen[""]["cwd"])
	}
}

// More contexts at once than there are spares, and spares that are killed: each context has a kernel of its own.
func TestPool_Crowd(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t, "--kernel-pool", "python=2")
	d.spares(t, "python", 2)
	killed := d.kernels()
	for _, k := range killed {
		kill(t, k.pid)
	}
	eventually(t, "other spares", func() bool {
		now := d.kernels()
		return len(now) == 2 && !slices.Contains(now, killed[0]) && !slices.Contains(now, killed[1])
	})
	d.spares(t, "python", 2)
	ids := make([]string, 3)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() { ids[i] = d.newContext(t).ID })
	}
	all.Wait()
	kernels := map[string]bool{}
	for _, id := range ids {
		r := d.code(t, in(id, "import os; print(os.getpid(), len(In))\nx = 1"))
		kernels[r.output()] = true
		d.empty(t, http.MethodDelete, "/code/contexts/"+id, nil)
	}
	if len(kernels) != len(ids) {
		t.Errorf("kernels %v", kernels)
	}
	checkResult(t, d.code(t, "'x' in globals()"), "False") // no kernel comes back to the pool
}

func TestPool_Refused(t *testing.T) {
	t.Parallel()
	_, stderr, status := execute(t, nil, "--kernel-pool", "python=1", "--jupyter-host", "http://127.0.0.1:1")
	if status != 2 || !strings.Contains(stderr, "--kernel-pool") {
		t.Errorf("%q, status %d", stderr, status)
	}
}
