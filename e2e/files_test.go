package e2e_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// fileInfo is what is told of a file.
type fileInfo struct {
	Path, Type, Owner, Group string
	ETag                     string
	Size                     int64
	Mode                     int
	ModifiedAt               time.Time `json:"modified_at"`
	CreatedAt                time.Time `json:"created_at"`
}

// pathQuery is the query for paths.
func pathQuery(paths ...string) string { return "?" + url.Values{"path": paths}.Encode() }

func (d *daemon) info(tb testing.TB, path string) fileInfo {
	tb.Helper()
	all := decode[map[string]fileInfo](tb, d.ok(tb, http.MethodGet, "/files/info"+pathQuery(path), nil))
	info, ok := all[path]
	if info.ETag == "" {
		tb.Errorf("%q has no version", path)
	}
	if !ok || len(all) != 1 {
		tb.Fatalf("info of %q: %+v", path, all)
	}
	return info
}

func writeFile(tb testing.TB, path, text string) {
	tb.Helper()
	must(tb, os.WriteFile(path, []byte(text), 0o644))
}

func TestFiles_Info(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	d := prepare(t, t.TempDir(), []string{"HOME=" + home, "EXECD_TEST_NAME=ä ö?&%25"})
	d.launch(t)
	t.Cleanup(func() { d.stop(t) })
	writeFile(t, home+"/ä ö?&%25", "12345")
	for _, path := range []string{"~/ä ö?&%25", "$HOME/${EXECD_TEST_NAME}", home + "/ä ö?&%25"} {
		got := d.info(t, path)
		if got.Path != home+"/ä ö?&%25" || got.Type != "file" || got.Size != 5 || got.Mode != 644 || got.CreatedAt.IsZero() {
			t.Errorf("%s: %+v", path, got)
		}
		if skew := got.CreatedAt.Sub(got.ModifiedAt).Abs(); skew > 2*time.Second {
			t.Errorf("%s was made %v from its last change", path, skew)
		}
	}
	if a := d.ok(t, http.MethodGet, "/files/info", nil); strings.TrimSpace(a.body) != "{}" {
		t.Errorf("without a path: %s", a.body)
	}
	d.fails(t, http.StatusNotFound, "FILE_NOT_FOUND", http.MethodGet, "/files/info"+pathQuery(home, home+"/gone"), nil)
	for _, path := range []string{"$EXECD_NO_SUCH_NAME/x", "a\x00b", "", home + "/${}", home + "/${"} {
		d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodGet, "/files/info"+pathQuery(path), nil)
	}
}

func TestFiles_Permissions(t *testing.T) {
	t.Parallel()
	d := start(t)
	dir := t.TempDir()
	a, b := dir+"/a", dir+"/b"
	writeFile(t, a, "")
	writeFile(t, b, "")
	d.empty(t, http.MethodPost, "/files/permissions", object{a: object{"mode": 4750}, b: object{"mode": 0, "owner": nil}})
	d.empty(t, http.MethodPost, "/files/permissions", object{b: object{"owner": "no-such-user", "group": "no-such-group"}})
	if x, y := d.info(t, a), d.info(t, b); x.Mode != 4750 || y.Mode != 644 {
		t.Errorf("%+v, %+v", x, y)
	}
	if os.Getuid() == 0 {
		d.empty(t, http.MethodPost, "/files/permissions", object{b: object{"owner": "nobody", "group": "12345"}})
		if x := d.info(t, b); x.Owner != "nobody" || x.Group != "12345" || x.Mode != 644 {
			t.Errorf("%+v", x)
		}
	}
	// Nothing is changed where something cannot be.
	for _, wrong := range []object{{"mode": 799}, {"mode": "644"}, {"mode": -1}} {
		d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodPost, "/files/permissions", object{a: object{"mode": 600}, b: wrong})
	}
	d.fails(t, http.StatusNotFound, "FILE_NOT_FOUND", http.MethodPost, "/files/permissions",
		object{a: object{"mode": 600}, dir + "/gone": object{"mode": 600}})
	if x := d.info(t, a); x.Mode != 4750 {
		t.Errorf("%+v", x)
	}
}

// What execd may not do is refused as that.
func TestFiles_Denied(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can start execd as somebody else")
	}
	d := prepare(t, t.TempDir(), nil)
	dir := t.TempDir()
	writeFile(t, dir+"/kept", "kept")
	must(t, os.Chmod(filepath.Dir(dir), 0o755))
	for _, own := range []string{d.dir, d.state, d.tmp} {
		must(t, os.Chown(own, 65534, 65534))
	}
	must(t, os.Mkdir(dir+"/closed", 0o700))
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	d.launch(t)
	t.Cleanup(func() { d.stop(t) })
	path := dir + "/kept"
	denied := func(method, target string, body any) {
		t.Helper()
		f := d.fails(t, http.StatusForbidden, "PERMISSION_DENIED", method, target, body)
		if !strings.Contains(f.Message, dir) {
			t.Errorf("it does not name the path: %s", f.Message)
		}
	}
	denied(http.MethodDelete, "/files"+pathQuery(path), nil)
	denied(http.MethodPost, "/files/permissions", object{path: object{"mode": 600}})
	denied(http.MethodPost, "/files/replace", object{path: object{"old": "kept", "new": "lost"}})
	denied(http.MethodPost, "/files/replace", object{dir + "/closed/f": object{"old": "kept", "new": "lost"}})
	denied(http.MethodPost, "/files/mv", []object{{"src": path, "dest": dir + "/new"}})
	denied(http.MethodPost, "/directories", object{dir + "/new": object{}})
	denied(http.MethodGet, "/directories/list"+pathQuery(dir+"/closed"), nil)
	denied(http.MethodDelete, "/directories"+pathQuery(dir+"/closed"), nil)
	if text, err := os.ReadFile(path); err != nil || string(text) != "kept" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestFiles_Move(t *testing.T) {
	t.Parallel()
	d := start(t)
	dir := t.TempDir()
	writeFile(t, dir+"/a", "a")
	writeFile(t, dir+"/b", "b")
	d.empty(t, http.MethodPost, "/files/mv",
		[]object{{"src": dir + "/a", "dest": dir + "/new/deep/a"}, {"src": dir + "/b", "dest": dir + "/ü"}})
	d.empty(t, http.MethodPost, "/files/mv", []object{{"src": dir + "/new", "dest": dir + "/moved"}})
	d.fails(t, http.StatusNotFound, "FILE_NOT_FOUND", http.MethodPost, "/files/mv",
		[]object{{"src": dir + "/ü", "dest": dir + "/elsewhere"}, {"src": dir + "/gone", "dest": dir + "/x"}})
	writeFile(t, dir+"/c", "c")
	swap := []object{{"src": dir + "/c", "dest": dir + "/t"}, {"src": dir + "/ü", "dest": dir + "/c"}, {"src": dir + "/t", "dest": dir + "/ü"}}
	d.empty(t, http.MethodPost, "/files/mv", swap)
	d.empty(t, http.MethodPost, "/files/mv", swap)
	d.fails(t, http.StatusConflict, "FILE_EXISTS", http.MethodPost, "/files/mv",
		[]object{{"src": dir + "/ü", "dest": dir + "/same"}, {"src": dir + "/c", "dest": dir + "/same"}})
	d.fails(t, http.StatusConflict, "FILE_EXISTS", http.MethodPost, "/files/mv", []object{{"src": dir + "/ü", "dest": dir + "/moved/deep/a"}})
	must(t, os.Symlink(dir+"/moved/deep", dir+"/link"))
	for from, to := range map[string]string{"/": dir + "/all", dir + "/moved": dir + "/moved/new/x", dir: dir + "/link/x"} {
		a := d.call(t, http.MethodPost, "/files/mv", []object{{"src": from, "dest": to}})
		a.checkFailure(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", from+" into itself")
		if !strings.Contains(a.body, "cannot be moved into itself") {
			t.Errorf("%s", a.body)
		}
	}
	if text, err := os.ReadFile(dir + "/moved/deep/a"); err != nil || string(text) != "a" {
		t.Errorf("%q, %v", text, err)
	}
	if text, err := os.ReadFile(dir + "/ü"); err != nil || string(text) != "b" {
		t.Errorf("%q, %v", text, err)
	}
}

// Of many who remove one version, none removes the next.
func TestFiles_DeleteIfMatch(t *testing.T) {
	t.Parallel()
	d := start(t)
	path := t.TempDir() + "/f"
	writeFile(t, path, "one")
	refused := d.call(t, http.MethodDelete, "/files"+pathQuery(path), nil, "If-Match", `"other"`)
	refused.checkFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED", "another version")
	tag := refused.header.Get("Etag")
	if tag == "" {
		t.Fatal("a refusal without the version")
	}
	var won atomic.Int32
	var group sync.WaitGroup
	for range 40 {
		group.Go(func() {
			if a := d.call(t, http.MethodDelete, "/files"+pathQuery(path), nil, "If-Match", tag); a.status == http.StatusOK {
				won.Add(1)
				if err := os.WriteFile(path, []byte("two"), 0o600); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if text, err := os.ReadFile(path); won.Load() != 1 || err != nil || string(text) != "two" {
		t.Errorf("%d won; %q, %v", won.Load(), text, err)
	}
}
