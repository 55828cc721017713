package e2e_test

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// bare is an environment with nothing on the PATH but the programs named.
func bare(tb testing.TB, programs ...string) []string {
	tb.Helper()
	dir := tb.TempDir()
	for _, name := range programs {
		path, err := exec.LookPath(name)
		must(tb, err)
		must(tb, os.Symlink(path, filepath.Join(dir, name)))
	}
	return []string{"PATH=" + dir, "HOME=" + dir, "JUPYTER_PATH=", "VIRTUAL_ENV=", "CONDA_PREFIX=", "JUPYTER_DATA_DIR=", "XDG_DATA_HOME="}
}

// On an image that has sh only, commands are sh's.
func TestPoorHost_ShOnly(t *testing.T) {
	t.Parallel()
	d := startWith(t, bare(t, "sh"))
	r := d.command(t, `echo "${BASH_VERSION-sh}"; exit 3`)
	r.ends(t, exitStatus(3, "3"))
	if !slices.Equal(r.stdout(), []string{"sh"}) {
		t.Errorf("%q", r.stdout())
	}
	v := d.view(t, d.terminal(t, nil), "")
	v.types("echo ${BASH_VERSION-she''ll}; exit 4\n")
	v.shows("shell\r\n")
	v.ends(4)
	v = d.view(t, d.terminal(t, object{"command": "exit 5"}), "")
	v.ends(5)
}

// The shell is found, whatever a client makes of the PATH of what runs in it.
func TestPoorHost_NoPath(t *testing.T) {
	t.Parallel()
	d := start(t)
	nowhere := object{"PATH": "/nonexistent"}
	for _, r := range []run{
		d.command(t, object{"command": "echo $PATH", "envs": nowhere}),
		d.newSession(t, object{"envs": nowhere}).run(t, "echo $PATH"),
	} {
		r.ends(t, success)
		if !slices.Equal(r.stdout(), []string{"/nonexistent"}) {
			t.Errorf("%q", r.stdout())
		}
	}
	v := d.view(t, d.terminal(t, object{"envs": nowhere, "command": "echo $PATH"}), "")
	v.ends(0)
	if got := v.text[0] + v.text[1]; got != "/nonexistent\r\n" {
		t.Errorf("%q", got)
	}
	d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodPost, "/session",
		object{"envs": object{"LONG": strings.Repeat("x", 200_000)}}) // more than execve(2) takes
}

// Without any kernel execd starts all the same, says what is missing, and runs commands.
func TestPoorHost_NoKernel(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"/usr/share/jupyter", "/usr/local/share/jupyter"} {
		if found, err := filepath.Glob(dir + "/kernels/*"); err != nil || len(found) > 0 {
			t.Skipf("this machine has kernels for everybody: %v, %v", found, err)
		}
	}
	d := startWith(t, bare(t, "sh"))
	python := object{"language": "python", "code": "1"}
	f := d.fails(t, http.StatusInternalServerError, "KERNEL_NOT_INSTALLED", http.MethodPost, "/code", python)
	ready := d.ok(t, http.MethodGet, "/ready", nil) // for commands
	if !strings.HasPrefix(ready.body, `{"status":"ready","languages":[],"missing":["bash",`) {
		t.Errorf("%s", ready.body)
	}
	if !strings.Contains(f.Message, "python") {
		t.Errorf("the error does not name the language: %s", f.Message)
	}
	d.fails(t, http.StatusInternalServerError, "KERNEL_NOT_INSTALLED", http.MethodPost, "/code/context", python)
	d.command(t, "true").ends(t, success)
	eventually(t, "the log to say that python is missing", func() bool { return strings.Contains(d.log(t), "python code cannot run") })
}

func TestPoorHost_NoRoot(t *testing.T) {
	t.Parallel()
	const nobody = 65534
	d := startStranger(t, nobody, nil)
	r := d.command(t, "id -u; sleep 1000 & setsid sleep 1000 &")
	if !slices.Equal(r.stdout(), []string{"65534"}) {
		t.Errorf("%q", r.stdout())
	}
	f := d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodPost, "/command", object{"command": "true", "uid": 0})
	if !strings.Contains(f.Message, "cannot run as user 0") {
		t.Errorf("another identity is refused with %s", f.Message)
	}
	secret := t.TempDir()
	must(t, os.Chmod(secret, 0o600))
	d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodPost, "/command", object{"command": "true", "cwd": secret})
	r = d.command(t, object{"command": "id -u", "uid": nobody})
	r.ends(t, success)
	if !slices.Equal(r.stdout(), []string{"65534"}) {
		t.Errorf("its own identity is not given: %q", r.stdout())
	}
}

// Where there are no descriptors left a command does not start and says so; it does again when there are some.
func TestFault_NoDescriptors(t *testing.T) {
	t.Parallel()
	d := prepare(t, t.TempDir(), nil)
	d.cmd.Args = append([]string{"sh", "-c", `ulimit -n 60; exec "$0" "$@"`}, d.cmd.Args...)
	d.cmd.Path = "/bin/sh"
	d.launch(t)
	t.Cleanup(func() { d.stop(t) })
	var taken []net.Conn
	for range 30 { // some of the descriptors are those of the daemon itself
		taken = append(taken, d.dial(t))
	}
	g, wait := newGate(t)
	var begun []string
	unborn := 0
	for range 20 { // each takes two pipes and a connection
		s := d.openCommand(t, "echo begun; "+wait)
		e := s.until(t, "output or the end", func(e event) bool { return e.Type == "stdout" || e.terminal() })
		if e.terminal() {
			unborn++
			if e.Error == nil || e.Error.Name != "CommandExecError" || e.Reason != "start" || e.Error.Value == "" {
				t.Errorf("it ended with %s", e.Raw)
			}
			continue
		}
		begun = append(begun, s.id)
		s.close() // it is read again later
	}
	if unborn == 0 || len(begun) == 0 {
		t.Errorf("%d commands began and %d did not", len(begun), unborn)
	}
	for _, c := range taken {
		c.Close()
	}
	for range begun {
		g.open(t)
	}
	for _, id := range begun {
		d.attach(t, id, 0).complete(t).ends(t, success)
	}
	d.command(t, "true").ends(t, success)
}
