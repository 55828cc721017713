package fsops

import (
	"os"
	"syscall"
	"testing"
)

// TestCopyData_Holes: holes stay holes, wherever they are, and take no time.
func TestCopyData_Holes(t *testing.T) {
	t.Parallel()
	const size = 1 << 40
	for name, at := range map[string][]int64{
		"empty": nil, "begin": {0}, "middle": {5 << 30, 700 << 30}, "end": {size - 4}, "all": {0, 1 << 30, size - 4},
	} {
		in, out := tempFile(t), tempFile(t)
		must(t, in.Truncate(size))
		for _, off := range at {
			_, err := in.WriteAt([]byte("data"), off)
			must(t, err)
		}
		must(t, copyData(out, in))
		info, err := out.Stat()
		must(t, err)
		if st := info.Sys().(*syscall.Stat_t); info.Size() != size || st.Blocks*512 > 1<<20 { //nolint:forcetypeassert // on Linux it is one
			t.Errorf("%s: %d bytes in %d blocks", name, info.Size(), st.Blocks)
		}
		for _, off := range at {
			text := make([]byte, 4)
			if _, err := out.ReadAt(text, off); err != nil || string(text) != "data" {
				t.Errorf("%s: %q at %d, %v", name, text, off, err)
			}
		}
	}
	in, out := tempFile(t), tempFile(t)
	if err := copyData(out, in); err != nil {
		t.Error(err)
	}
}

func tempFile(t *testing.T) *os.File {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "")
	must(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}
