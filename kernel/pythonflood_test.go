package kernel_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"execd/kernel"
)

// holdingRecorder does not return from its first stream until a file is there.
type holdingRecorder struct {
	*recorder
	file string
}

func (r *holdingRecorder) Output(o kernel.Output) {
	r.recorder.Output(o)
	if o.Kind != kernel.KindStream {
		return
	}
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(r.file); err == nil {
			return
		}
	}
}

// TestPython_KeepsOutput: what is more than 1,000 messages and the buffers of a
// socket ahead of its reader is kept, and leaves nothing in the kernel's
// namespace.
func TestPython_KeepsOutput(t *testing.T) {
	k, _ := python(t, kernel.StartSpec{})
	file := filepath.Join(t.TempDir(), "printed")
	r := &holdingRecorder{newRecorder(), file}
	const lines = 5000
	code := fmt.Sprintf("for i in range(%d): print(str(i).rjust(1000), flush=True)\nopen(%q, 'w').close()", lines, file)
	if err := k.Execute(kernel.Request{Code: code}, r); err != nil {
		t.Fatal(err)
	}
	if got := r.wait(t); got.Status != kernel.StatusOK || got.Err != nil {
		t.Errorf("%+v", got)
	}
	if got := strings.Count(r.text("stdout"), "\n"); got != lines {
		t.Errorf("%d lines of %d", got, lines)
	}
	names := value(t, k, "[n for n in dir() if not n.startswith('_') and n not in ('In', 'Out', 'get_ipython', 'exit', 'quit', 'open', 'i')]")
	if names != "[]" {
		t.Errorf("the namespace has %s", names)
	}
}
