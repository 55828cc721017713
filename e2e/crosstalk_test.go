package e2e_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// fakeKernels returns a Jupyter path with a kernel for the language "fake" that starts at once and needs little.
func fakeKernels(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	binary := filepath.Join(dir, "fakekernel")
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "../kernel/kerneltest/fakekernel").CombinedOutput()
	if err != nil {
		tb.Fatalf("build the fake kernel: %v: %s", err, out)
	}
	spec, err := json.Marshal(object{"argv": []string{binary, "{connection_file}"}, "display_name": "Fake", "language": "fake"})
	must(tb, err)
	home := filepath.Join(dir, "kernels", "fake")
	must(tb, os.MkdirAll(home, 0o755))
	must(tb, os.WriteFile(filepath.Join(home, "kernel.json"), spec, 0o600))
	return dir
}

// Fifty contexts print at once, and each reader gets all that its run printed, in order, and nothing else.
func TestCrossTalk(t *testing.T) {
	t.Parallel()
	const contexts, rounds = 50, 2
	messages := 200 * soak(t)
	d := startWith(t, []string{"JUPYTER_PATH=" + fakeKernels(t)})
	var all sync.WaitGroup
	for i := range contexts {
		all.Go(func() {
			id := post[codeContext](t, d, "/code/context", object{"language": "fake"}).ID
			for round := range rounds {
				tag := fmt.Sprintf("context %d round %d message", i, round)
				r := d.code(t, in(id, fmt.Sprintf("count %d %s", messages, tag)))
				var want strings.Builder
				for n := range messages {
					fmt.Fprintf(&want, "%s %d\n", tag, n)
				}
				if got := r.output(); got != want.String() || r.last().Type != "execution_complete" {
					t.Errorf("%s: %d bytes of %d, or others; it ended with %s", tag, len(got), want.Len(), r.last().Raw)
				}
			}
		})
	}
	all.Wait()
}
