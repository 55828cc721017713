package e2e_test

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// checkPrivate looks at everything that the daemon keeps in its state directory, whatever the test has had it do: no other
// user may read it. Sockets are made by kernels; who may not enter their folder does not reach them.
func (d *daemon) checkPrivate(tb testing.TB) (files int) {
	tb.Helper()
	must(tb, filepath.WalkDir(d.state, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == d.state {
			return nil //nolint:nilerr // what goes meanwhile is not there to be read
		}
		info, err := e.Info()
		if err != nil {
			return nil //nolint:nilerr // likewise
		}
		want := fs.FileMode(0o600)
		switch {
		case info.IsDir():
			want = 0o700
		case !info.Mode().IsRegular():
			return nil
		}
		files++
		if info.Mode().Perm() != want {
			tb.Errorf("%s has the mode %v, want %v", path, info.Mode(), want)
		}
		return nil
	}))
	return files
}

// Logs on disk, kernels, sessions, terminals and unfinished uploads leave nothing in the state directory that another user
// could read, whatever the umask is. Every other test looks for the same when it ends its daemon.
func TestState_Private(t *testing.T) {
	t.Parallel()
	d := prepare(t, t.TempDir(), nil, "--log-memory", "64KiB")
	d.cmd.Args = append([]string{"sh", "-c", `umask 0; exec "$0" "$@"`}, d.cmd.Args...)
	d.cmd.Path = "/bin/sh"
	d.launch(t)
	t.Cleanup(func() { d.stop(t) })
	d.command(t, "seq 100000").ends(t, success)
	d.background(t, "seq 100000; sleep 1000")
	d.newSession(t, nil).run(t, "echo begun")
	screen := d.view(t, d.terminal(t, object{"command": "seq 100000; sleep 1000"}), "")
	screen.shows("100000")
	a := d.call(t, http.MethodPost, "/files/uploads?path="+filepath.Join(d.dir, "target"), strings.NewReader(""),
		"Tus-Resumable", "1.0.0", "Upload-Length", "10")
	if a.status != http.StatusCreated {
		t.Errorf("an upload is not begun: %d %s", a.status, a.body)
	}
	least := 3
	if os.Getenv("JUPYTER_PATH") != "" {
		d.code(t, object{"language": "python", "code": "1"})
		least++
	}
	if files := d.checkPrivate(t); files < least {
		t.Errorf("only %d files and folders are there: %v", files, filesIn(t, d.state))
	}
}
