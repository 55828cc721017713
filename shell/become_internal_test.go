//go:build linux

package shell

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can run something as somebody else")
	}
}

// becoming has a program run by way of this one, and returns what it prints.
func becoming(t *testing.T, path string, argv, env []string, dir string) (string, error) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // only read from
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close() //nolint:errcheck // only read from
	pid, err := forkBecoming(path, argv, &syscall.ProcAttr{
		Dir: dir, Env: env, Files: []uintptr{null.Fd(), w.Fd(), w.Fd()},
		Sys: &syscall.SysProcAttr{Setsid: true, Credential: &syscall.Credential{Uid: 65534, Gid: 12, Groups: []uint32{12, 4242}}},
	})
	_ = w.Close()
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	_, err = waitID(pid, syscall.WEXITED)
	return string(text), err
}

func TestBecome(t *testing.T) {
	needRoot(t)
	script := `id -u; id -g; id -G; pwd; echo "$0" "$GOMEMLIMIT"; ls /proc/self/fd | wc -l; grep Cap[EP] /proc/self/status`
	env := []string{"PATH=" + os.Getenv("PATH"), "GOMEMLIMIT=nonsense", "TWICE=1", "TWICE=2", "\xff=\xfe", "GODEBUG=x"}
	got, err := becoming(t, "/bin/sh", []string{"name", "-c", script}, env, "/usr")
	none := "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
	if want := "65534\n12\n12 4242\n/usr\nname nonsense\n4\n" + none; got != want || err != nil {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	got, err = becoming(t, "/bin/cat", []string{"cat", "/proc/self/environ"}, env, "")
	if want := strings.Join(env, "\x00") + "\x00"; got != want || err != nil {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

// What keeps it from becoming or executing is told as if it had been forked.
func TestBecome_Errors(t *testing.T) {
	needRoot(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.Mkdir(secret, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, dir string
		argv      []string
		want      syscall.Errno
	}{
		{path: "/nonexistent", want: syscall.ENOENT},
		{path: "/etc/passwd", want: syscall.EACCES},
		{path: "/bin/true", dir: secret, want: syscall.EACCES},
		{path: "/bin/true", dir: "/nonexistent", want: syscall.ENOENT},
		{path: "/bin/true", argv: slices.Repeat([]string{strings.Repeat("x", 100_000)}, 100), want: syscall.E2BIG},
	} {
		if _, err := becoming(t, c.path, append([]string{"x"}, c.argv...), nil, c.dir); !errors.Is(err, c.want) {
			t.Errorf("%s in %q: %v, want %v", c.path, c.dir, err, c.want)
		}
	}
}

func TestOrder(t *testing.T) {
	for _, o := range []order{
		{path: "/x", argv: []string{"x"}, env: []string{}},
		{uid: 1, gid: 2, groups: []int{3, 4}, dir: "/d \n", path: "/x", argv: []string{"", "\xff", "a b"}, env: []string{"A=", "B=\n"}},
		{keepGroups: true, path: "/x", argv: []string{"7", "8"}, env: []string{""}},
	} {
		text := o.text()
		got, err := parseOrder([]byte(text))
		if err != nil || !reflect.DeepEqual(got, o) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, bad := range []string{"", "1", "1\x002\x00false\x00x", "1\x002\x00false\x009\x003", "1\x002\x00false\x000\x00\x00/x\x005\x00x"} {
		if o, err := parseOrder([]byte(bad)); err == nil {
			t.Errorf("%q is %+v", bad, o)
		}
	}
}
