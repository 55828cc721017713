package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// startAs starts a daemon of another user, which only root can.
func startAs(tb testing.TB, uid int) *daemon {
	tb.Helper()
	if os.Getuid() != 0 {
		tb.Skip("only root can start execd as somebody else")
	}
	d := prepare(tb, tb.TempDir(), nil)
	must(tb, os.Chmod(filepath.Dir(d.dir), 0o755)) //nolint:gosec // the other user has to get through
	for _, own := range []string{d.dir, d.state, d.tmp} {
		must(tb, os.Chown(own, uid, uid))
	}
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}} //nolint:gosec // small
	d.launch(tb)
	tb.Cleanup(func() { d.stop(tb) })
	return d
}

// TestPut_Owner: a new owner is set where one is given, and else the old one stays.
func TestPut_Owner(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	d := start(t)
	path := t.TempDir() + "/file"
	target := "/files/upload" + pathQuery(path)
	owned := func(owner, group string) {
		t.Helper()
		if got := d.info(t, path); got.Owner != owner || got.Group != group || got.Mode != 4750 {
			t.Errorf("%+v, want %s and %s", got, owner, group)
		}
	}
	d.ok(t, http.MethodPut, target+"&mode=4750&owner=nobody&group=12345", "one")
	owned("nobody", "12345")
	d.ok(t, http.MethodPut, target, "two")
	owned("nobody", "12345")
	body, kind := form(t, metadataPart(`{"path":%q,"owner":"54321"}`, path), filePart("three"))
	d.ok(t, http.MethodPost, "/files/upload", body, "Content-Type", kind)
	owned("54321", "12345")
	d.ok(t, http.MethodPut, target+"&owner=no-such-user", "four")
	owned("54321", "12345")
}

// TestPut_Stranger: who may write a file and not give it away leaves it to its owner; who may not write it changes nothing.
func TestPut_Stranger(t *testing.T) {
	t.Parallel()
	d := startAs(t, 65534)
	open, closed := d.dir+"/open", d.dir+"/closed"
	must(t, os.WriteFile(open, []byte("old and longer"), 0o600))
	must(t, os.WriteFile(closed, []byte("old"), 0o600))
	must(t, os.Chmod(open, 0o666))
	d.ok(t, http.MethodPut, "/files/upload"+pathQuery(open), "new")
	holds(t, open, "new", 0o666)
	if got := d.info(t, open); got.Owner != "root" {
		t.Errorf("the file went to %s", got.Owner)
	}
	d.fails(t, http.StatusForbidden, "PERMISSION_DENIED", http.MethodPut, "/files/upload"+pathQuery(closed), "new")
	d.fails(t, http.StatusForbidden, "PERMISSION_DENIED", http.MethodPut, "/files/upload"+pathQuery(open)+"&owner=root", "new")
	d.fails(t, http.StatusForbidden, "PERMISSION_DENIED", http.MethodPut, "/files/upload"+pathQuery("/etc/file"), "new")
	d.fails(t, http.StatusForbidden, "PERMISSION_DENIED", http.MethodGet, "/files/download"+pathQuery(closed), nil)
	holds(t, closed, "old", 0o600)
	if entries, err := os.ReadDir(d.dir); err != nil || len(entries) != 5 { // open, closed, log, state, tmp
		t.Errorf("left behind: %v, %v", entries, err)
	}
}
