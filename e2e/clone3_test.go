package e2e_test

import (
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestClone3(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has clone3")
	}
	const report = "grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status; env | grep CLONE3_COMPAT_APPLIED"
	before := start(t).command(t, report).stdout()
	for value, filtered := range map[string]bool{
		"1": true, "true": true, "YES": true, "on": true, "reexec": true,
		"0": false, "false": false, "off": false, "no": false, "": false,
	} {
		d := startWith(t, []string{"EXECD_CLONE3_COMPAT=" + value})
		after := d.command(t, report).stdout()
		want := before
		if filtered {
			want = []string{"NoNewPrivs:\t1", "Seccomp:\t2"}
		}
		if !slices.Equal(after, want) {
			t.Errorf("%q: a command has %q, want %q", value, after, want)
		}
		if filtered {
			d.checkClone3(t)
		}
	}
}

// checkClone3 asks for clone3 with arguments that can only be an error: which one tells who has answered.
func (d *daemon) checkClone3(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("perl"); err != nil {
		t.Log("there is no perl to make a system call with")
		return
	}
	const enosys = "38"
	run := d.command(t, `perl -e 'syscall(435, 0, 0); print $!+0, "\n"'`)
	if got := run.stdout(); !slices.Equal(got, []string{enosys}) {
		t.Errorf("clone3 gives the error %q, want %s", got, enosys)
	}
}

func TestClone3_BadValue(t *testing.T) {
	t.Parallel()
	_, stderr, status := execute(t, []string{"EXECD_CLONE3_COMPAT=perhaps"}, "--port", "0")
	if status != 1 || !strings.Contains(stderr, "EXECD_CLONE3_COMPAT") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("status %d, %q", status, stderr)
	}
}
