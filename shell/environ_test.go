package shell_test

import (
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"execd/shell"
)

func TestEnviron(t *testing.T) {
	file := filepath.Join(t.TempDir(), ".env")
	text := "# a comment\n\n A=file \nB=$HOME/x\nC=1\nC=2\nD=${NONE}|\nnonsense\n=x\nE=a=b\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	base := []string{"HOME=/h", "A=base", "Z=base", "X=base"}
	env, warnings, err := shell.Environ(base, file, map[string]string{"X": "", "N": "a b\n\"'$"})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(env)
	want := []string{"A=file", "B=/h/x", "C=2", "D=|", "E=a=b", "HOME=/h", "N=a b\n\"'$", "X=", "Z=base"}
	if !slices.Equal(env, want) {
		t.Errorf("%q", env)
	}
	if len(warnings) != 2 || !strings.Contains(warnings[0], "line 8") || !strings.Contains(warnings[1], "line 9") {
		t.Errorf("%q", warnings)
	}
	if base[1] != "A=base" {
		t.Error("the base was changed")
	}
}

// The values that commands.set_env of the OpenSandbox SDKs writes.
func TestEnviron_QuotedValues(t *testing.T) {
	file := filepath.Join(t.TempDir(), ".env")
	text := `A='a $HOME "b" \n'` + "\n" + `B="it's \"$HOME\"\n\t\\ end"` + "\nC='\nD=\"x\nE=''\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env, warnings, err := shell.Environ([]string{"HOME=/h"}, file, nil)
	want := []string{"HOME=/h", `A=a $HOME "b" \n`, "B=it's \"/h\"\n\t\\ end", "C='", `D="x`, "E="}
	if !slices.Equal(env, want) || len(warnings) > 0 || err != nil {
		t.Errorf("%q, %q, %v", env, warnings, err)
	}
}

func TestEnviron_FileProblems(t *testing.T) {
	if _, warnings, err := shell.Environ(nil, "/does/not/exist", nil); len(warnings) != 0 || err != nil {
		t.Errorf("missing: %q, %v", warnings, err)
	}
	if _, warnings, err := shell.Environ(nil, t.TempDir(), nil); len(warnings) != 1 || err != nil {
		t.Errorf("a directory: %q, %v", warnings, err)
	}
}

func TestEnviron_BadNames(t *testing.T) {
	for _, extra := range []map[string]string{{"": "x"}, {"A=B": "x"}, {"A\x00": "x"}, {"A": "\x00"}} {
		if _, _, err := shell.Environ(nil, "", extra); err == nil {
			t.Errorf("%q is taken", extra)
		}
	}
}

func TestPaths(t *testing.T) {
	lookup := func(name string) (string, bool) {
		v, ok := map[string]string{"HOME": "/home/u", "D": "/data", "EMPTY": ""}[name]
		return v, ok
	}
	for path, want := range map[string]string{
		"~": "/home/u", "~/x": "/home/u/x", "$D/y": "/data/y", "${D}y": "/datay", "/a~b": "/a~b", "$EMPTY/z": "/z", "~x": "~x",
	} {
		if got, err := shell.ExpandPath(path, lookup); got != want || err != nil {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
	if _, err := shell.ExpandPath("/x/$MISSING", lookup); err == nil || !strings.Contains(err.Error(), "MISSING") {
		t.Errorf("%v", err)
	}
	for _, path := range []string{"/tmp/${}", "/tmp/${", "/tmp/${D", "/tmp/${D x}", "/${-}"} {
		if got, err := shell.ExpandPath(path, lookup); err == nil {
			t.Errorf("%s became %s", path, got)
		}
	}
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{file, file + "/x", "/does/not/exist", "$MISSING"} {
		if got, err := shell.ResolveDir(bad, lookup); err == nil {
			t.Errorf("%s is a directory: %s", bad, got)
		}
	}
	if got, err := shell.ResolveDir(".", lookup); err != nil || !filepath.IsAbs(got) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestLookupCredential(t *testing.T) {
	number := func(n uint32) *uint32 { return &n }
	if c, err := shell.LookupCredential(nil, nil); c != nil || err != nil {
		t.Errorf("%v, %v", c, err)
	}
	if _, err := shell.LookupCredential(nil, number(1)); err == nil {
		t.Error("a gid alone is taken")
	}
	if c, err := shell.LookupCredential(number(0), nil); err != nil || c.GID != 0 || c.Home == "" {
		t.Errorf("root: %+v, %v", c, err)
	}
	if c, err := shell.LookupCredential(number(54321), nil); err != nil || c.UID != 54321 || c.GID != 0 || len(c.Groups) != 0 {
		t.Errorf("unknown: %+v, %v", c, err)
	}
	if c, err := shell.LookupCredential(number(0), number(7)); err != nil || c.GID != 7 || len(c.Groups) != 0 {
		t.Errorf("gid given: %+v, %v", c, err)
	}
}

func TestProcess_Credential(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can run something as somebody else")
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		t.Skip("this system has no nobody")
	}
	c := script("id -u; id -g; cat /etc/shadow")
	c.Credential = &shell.Credential{UID: 65534, GID: 65534}
	out := newRecord()
	exit := start(t, c).Run(out)
	if got := out.get(shell.Stdout); got != u.Uid+"\n65534\n" || exit.Code == 0 {
		t.Errorf("%q, %v", got, exit)
	}
}
