//go:build unix

package shell_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"execd/shell"
)

// TestScript_Shell: bash wherever it is now, and sh without it.
func TestScript_Shell(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	program := func(dir, name string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
		return path
	}
	check := func(want string) {
		t.Helper()
		for range 2 { // searched, and known
			if got := shell.Script("x"); !slices.Equal(got, []string{want, "-c", "x"}) {
				t.Errorf("%q, want %s", got, want)
			}
		}
	}
	t.Setenv("PATH", first+":"+second)
	check("/bin/sh")
	sh := program(first, "sh")
	check(sh)
	late := program(second, "bash")
	check(late)
	if err := os.Remove(late); err != nil {
		t.Fatal(err)
	}
	check(sh)
	t.Setenv("PATH", second)
	check("/bin/sh")
	if err := os.Chmod(program(second, "bash"), 0o644); err != nil {
		t.Fatal(err)
	}
	check("/bin/sh")
}

func TestCheckRun(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "A=B", "1", "a b", "a;touch x", "a\x00", "ä", "a-b", "$a", "BASH_FUNC_f%%"} {
		if err := shell.CheckRun("true", map[string]string{"fine": "x", name: "x"}); !errors.Is(err, shell.ErrVariable) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if err := shell.CheckRun("true", map[string]string{"a": "\x00"}); !errors.Is(err, shell.ErrVariable) {
		t.Errorf("a NUL in a value: %v", err)
	}
	if err := shell.CheckRun("a\x00", nil); !errors.Is(err, shell.ErrNUL) {
		t.Errorf("a NUL in a script: %v", err)
	}
	if err := shell.CheckRun("true", map[string]string{"_a9": "", "PATH": "\n'\xff"}); err != nil {
		t.Error(err)
	}
}
