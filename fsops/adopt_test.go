package fsops_test

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"execd/fsops"
)

func TestAdoptDraft(t *testing.T) {
	root := t.TempDir()
	for name, dir := range map[string]string{"same": root, "other": otherFilesystem(t, t.TempDir())} {
		t.Run(name, func(t *testing.T) {
			source := write(t, "new", root, "source")
			mode := fs.FileMode(0o640)
			place := fsops.Placement{Path: dir + "/deep/er/to", Mode: &mode}
			d, err := fsops.AdoptDraft(place, source)
			must(t, err)
			must(t, d.Close())
			if read(t, source) != "new" {
				t.Error("what was not committed is gone")
			}
			d, err = fsops.AdoptDraft(place, source)
			must(t, err)
			_, err = d.Commit()
			must(t, errors.Join(err, d.Close()))
			if info, err := os.Stat(place.Path); err != nil || info.Mode() != mode || read(t, place.Path) != "new" {
				t.Errorf("%v, %v", info, err)
			}
			if _, err := fsops.AdoptDraft(fsops.Placement{Path: dir}, write(t, "", root, "source")); !errors.Is(err, syscall.EISDIR) {
				t.Errorf("at a directory: %v", err)
			}
			if _, err := fsops.AdoptDraft(place, root+"/gone"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("nothing: %v", err)
			}
			if left, err := os.ReadDir(dir + "/deep/er"); err != nil || len(left) != 1 {
				t.Errorf("%v, %v", left, err)
			}
		})
	}
}
