package httpapi_test

import (
	"bufio"
	"cmp"
	"net/http"
	"os"
	"strings"
	"testing"
)

// useWatches watches files until they are gone.
func useWatches(t *testing.T, c *contract) {
	t.Helper()
	l := newLive(t, c)
	root := t.TempDir() + "/watched"
	if err := os.Mkdir(root, 0o700); err != nil {
		t.Fatal(err)
	}
	target := "/files/watch?recursive=true&path=" + root
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.server.URL+target, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := l.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	var first, last string
	steps := changes(root)
	for lines.Scan() {
		if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			last = id
		}
		first = cmp.Or(first, last)
		if len(steps) > 0 && strings.Contains(lines.Text(), steps[0].after) {
			if err := steps[0].do(); err != nil {
				t.Fatal(err)
			}
			steps = steps[1:]
		}
	}
	if first == last {
		t.Fatalf("nothing was told: %s", last)
	}
	l.contains(l.do(200, "GET", target, "", "Last-Event-ID", first).body,
		`"watching"`, `"created"`, `"written"`, `"renamed"`, `"chmod"`, `"removed"`, `"path_base64"`, `"ended"`, `"reason":"removed"`)
	l.do(200, "GET", target+"&after="+first, "", "Accept", "application/x-ndjson")
	l.do(204, "GET", target, "", "Last-Event-ID", last)
	l.refused(404, "FILE_NOT_FOUND", "GET", target, "")
	l.refused(400, "INVALID_REQUEST_BODY", "GET", target+"&after=x", "")
	l.refused(400, "INVALID_REQUEST_BODY", "GET", "/files/watch?path=/&recursive=x", "")
	l.refused(400, "MISSING_QUERY", "GET", "/files/watch", "")
}

// step is what is done to files once something was told.
type step struct {
	after string
	do    func() error
}

// changes are what can be told of files, until the root is gone.
func changes(root string) []step {
	return []step{
		{`"watching"`, func() error { return os.Mkdir(root+"/sub", 0o700) }},
		{`"created"`, func() error { return os.WriteFile(root+"/a", []byte("text"), 0o600) }},
		{`"written"`, func() error { return os.Chmod(root+"/a", 0o640) }}, //nolint:gosec // a test
		{`"chmod"`, func() error { return os.Rename(root+"/a", root+"/sub/b\xff") }},
		{`"renamed"`, func() error { return os.Rename(root+"/sub/b\xff", root+"/b") }},
		{`"from_base64"`, func() error { return os.RemoveAll(root) }},
	}
}
