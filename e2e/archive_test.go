package e2e_test

import (
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// What execd packs tar(1) unpacks, and the other way around.
func TestArchive(t *testing.T) {
	t.Parallel()
	d := start(t)
	root := t.TempDir()
	must(t, os.MkdirAll(root+"/from/sub", 0o755))
	writeFile(t, root+"/from/sub/ä.txt", strings.Repeat("text", 1<<20))
	must(t, os.Symlink("sub/ä.txt", root+"/from/link"))
	a := d.ok(t, http.MethodGet, "/files/archive"+pathQuery(root+"/from"), nil)
	if got := a.header.Get("Content-Disposition"); got != `attachment; filename="from.tar.gz"` {
		t.Error(got)
	}
	must(t, os.Mkdir(root+"/tar", 0o755))
	cmd := exec.CommandContext(t.Context(), "tar", "-xzf", "-", "-C", root+"/tar")
	cmd.Stdin = strings.NewReader(a.body)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	packed, err := exec.CommandContext(t.Context(), "tar", "-cf", "-", "-C", root+"/tar", ".").Output()
	must(t, err)
	got := decode[struct{ Entries, Bytes int }](t, d.ok(t, http.MethodPost, "/files/extract"+pathQuery(root+"/back"), string(packed)))
	if got.Entries != 3 || got.Bytes != 4<<20 {
		t.Errorf("%+v", got)
	}
	if text, err := os.ReadFile(root + "/back/link"); err != nil || string(text) != strings.Repeat("text", 1<<20) {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	// Half an archive: what came is said, and no half file is left.
	half := string(packed[:1<<20])
	f := d.fails(t, http.StatusBadRequest, "INVALID_FILE_CONTENT", http.MethodPost, "/files/extract"+pathQuery(root+"/half"), half)
	if !strings.Contains(f.Message, "entries were unpacked") {
		t.Error(f.Message)
	}
	if left := strings.Join(filesIn(t, root+"/half"), " "); strings.Contains(left, "ä") || strings.Contains(left, ".execd") {
		t.Errorf("%q", left)
	}
}
