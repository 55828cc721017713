package e2e_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestDirectories(t *testing.T) {
	t.Parallel()
	d := start(t)
	root := t.TempDir()
	d.empty(t, http.MethodPost, "/directories", object{root + "/b/c": object{"mode": 700}, root + "/ä": object{}})
	writeFile(t, root+"/b/file", "")
	must(t, os.Symlink(root+"/b", root+"/link"))
	list := func(query string) []string {
		t.Helper()
		names := []string{}
		for _, i := range decode[[]fileInfo](t, d.ok(t, http.MethodGet, "/directories/list"+pathQuery(root)+query, nil)) {
			names = append(names, strings.TrimPrefix(i.Path, root+"/")+" "+i.Type)
		}
		return names
	}
	top := []string{"b directory", "link symlink", "ä directory"}
	for query, want := range map[string][]string{
		"": top, "&depth=1": top, "&depth=0": {},
		"&depth=2": {"b directory", "b/c directory", "b/file file", "link symlink", "ä directory"},
	} {
		if got := list(query); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
	d.empty(t, http.MethodPost, "/directories", object{root + "/b/c": object{}})
	if got := d.info(t, root+"/b/c"); got.Mode != 700 {
		t.Errorf("the mode of a directory that was there became %d", got.Mode)
	}
	for _, query := range []string{"&depth=-1", "&depth=x", "&depth=1.5"} {
		d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodGet, "/directories/list"+pathQuery(root)+query, nil)
	}
	d.fails(t, http.StatusBadRequest, "MISSING_QUERY", http.MethodGet, "/directories/list", nil)
	d.fails(t, http.StatusNotFound, "FILE_NOT_FOUND", http.MethodGet, "/directories/list"+pathQuery(root+"/gone"), nil)
	for _, path := range []string{"/link", "/b/file"} {
		d.fails(t, http.StatusBadRequest, "INVALID_FILE", http.MethodGet, "/directories/list"+pathQuery(root+path), nil)
	}
	d.fails(t, http.StatusBadRequest, "INVALID_FILE", http.MethodPost, "/directories", object{root + "/b/file": object{}})
	d.empty(t, http.MethodDelete, "/directories"+pathQuery(root+"/link", root+"/gone"), nil)
	if got := list(""); !slices.Equal(got, []string{"b directory", "ä directory"}) {
		t.Errorf("after a symlink was removed there is %q", got)
	}
	d.empty(t, http.MethodDelete, "/directories"+pathQuery(root+"/b"), nil)
	d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodDelete, "/directories?path=/", nil)
	d.fails(t, http.StatusBadRequest, "MISSING_QUERY", http.MethodDelete, "/directories", nil)
}
