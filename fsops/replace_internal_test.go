package fsops

import (
	"errors"
	"os"
	"testing"
)

// TestReplace_Changed: what another program writes between reading and
// replacing is not lost.
func TestReplace_Changed(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/f"
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := examine(Replacement{Path: path, Old: "old", New: "new"}, Precondition{})
	if err == nil {
		err = e.stage()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer e.close()
	if err := os.WriteFile(path, []byte("old and more"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := commit([]*edit{e}); !errors.Is(err, ErrChanged) {
		t.Errorf("%v, want %v", err, ErrChanged)
	}
	if text, err := os.ReadFile(path); string(text) != "old and more" {
		t.Errorf("%q, %v", text, err)
	}
}
