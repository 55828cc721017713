//go:build linux

package shell

import (
	"strings"
	"syscall"
	"testing"
)

// The script of a session grows for ever, and takes no memory for what was read.
func TestFeed_Memory(t *testing.T) {
	t.Parallel()
	f, err := newFeed()
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	part := strings.Repeat(":\n", 500)
	for range 2000 {
		if err := f.push(func(gate) string { return part }); err != nil {
			t.Fatal(err)
		}
		f.prepare()
	}
	var stat syscall.Stat_t
	if err := syscall.Fstat(int(f.file.Fd()), &stat); err != nil {
		t.Fatal(err)
	}
	if held := stat.Blocks * 512; stat.Size != 2_000_000 || held > 3*forgetSize {
		t.Errorf("%d bytes of script take %d of memory", stat.Size, held)
	}
}
