package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
)

type searchHit struct {
	Path, Type   string
	Size         int64
	Line, Column int
	Text         string
	Done         bool
	Found        int64
	Skipped      int64
	Limited      bool
}

func TestSearch(t *testing.T) {
	t.Parallel()
	d := start(t)
	root := t.TempDir()
	must(t, os.MkdirAll(root+"/sub/deep", 0o755))
	for _, name := range []string{"/b.txt", "/sub/a.txt", "/sub/deep/c.md"} {
		writeFile(t, root+name, "first\nthe word is "+name[1:]+"\n")
	}
	names := func(query string) []string {
		t.Helper()
		list := []string{}
		for _, h := range decode[[]searchHit](t, d.ok(t, http.MethodGet, "/files/search"+pathQuery(root)+query, nil)) {
			list = append(list, strings.TrimPrefix(h.Path, root+"/"))
		}
		return list
	}
	for query, want := range map[string][]string{
		"": {"b.txt", "sub/a.txt", "sub/deep/c.md"}, "&pattern=*.txt": {"b.txt", "sub/a.txt"}, "&pattern=sub/*": {"sub/a.txt"},
		"&pattern=none": {}, "&pattern=**&content=is.*md$": {"sub/deep/c.md"},
	} {
		if got := names(query); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
	if got := names("&limit=2"); len(got) != 2 {
		t.Errorf("%q", got)
	}
	for mime, prefix := range map[string]string{"application/x-ndjson": "", "text/event-stream": "data: "} {
		a := d.ok(t, http.MethodGet, "/files/search"+pathQuery(root)+"&content=word&limit=2", nil, "Accept", mime)
		var hits []searchHit
		for line := range strings.FieldsFuncSeq(a.body, func(r rune) bool { return r == '\n' }) {
			var h searchHit
			must(t, json.Unmarshal([]byte(strings.TrimPrefix(line, prefix)), &h))
			hits = append(hits, h)
		}
		if len(hits) != 3 || hits[0].Line != 2 || hits[0].Column != 5 || hits[0].Text != "word" || hits[0].Size == 0 {
			t.Fatalf("%s: %s", mime, a.body)
		}
		if last := hits[2]; !last.Done || last.Found != 2 || !last.Limited {
			t.Errorf("%s: %+v", mime, last)
		}
		if a.header.Get("Content-Type") != mime {
			t.Errorf("%s: %v", mime, a.header)
		}
	}
	for _, query := range []string{"&pattern=[", "&content=(", "&limit=0", "&limit=x"} {
		d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodGet, "/files/search"+pathQuery(root)+query, nil)
	}
	d.fails(t, http.StatusBadRequest, "MISSING_QUERY", http.MethodGet, "/files/search", nil)
	d.fails(t, http.StatusNotFound, "FILE_NOT_FOUND", http.MethodGet, "/files/search"+pathQuery(root+"/gone"), nil)
}

// A search that nobody reads any more ends: all of the machine would be too much to wait for.
func TestSearch_ClientGone(t *testing.T) {
	t.Parallel()
	d := start(t)
	resp, err := d.send(t.Context(), http.MethodGet, "/files/search"+pathQuery("/")+"&content=.", nil, "Accept", "application/x-ndjson")
	must(t, err)
	_, err = resp.Body.Read(make([]byte, 1))
	must(t, err)
	must(t, resp.Body.Close())
	d.logged(t, resp.Header.Get("X-Request-Id")) // the line at the end of the request
}

// TestSearch_Memory: a search that is streamed needs no more memory for many hits than for few. make soak has a million
// of them.
func TestSearch_Memory(t *testing.T) {
	t.Parallel()
	files := 25_000 * soak(t)
	if soak(t) > 1 {
		files = 1_000_000
	}
	d := start(t)
	root := t.TempDir()
	must(t, os.Mkdir(root+"/0", 0o755))
	writeFile(t, root+"/0/name-that-is-not-short", "")
	for i := range files - 1 { // links: a file each would take long
		dir := fmt.Sprintf("%s/%d", root, i/10_000)
		if i%10_000 == 0 {
			must(t, os.MkdirAll(dir, 0o755))
			if i > 0 { // a file has so many links at most
				writeFile(t, dir+"/name-that-is-not-short", "")
				continue
			}
		}
		must(t, os.Link(dir+"/name-that-is-not-short", fmt.Sprintf("%s/name-that-is-not-short-%d", dir, i)))
	}
	count := func(pattern string) int {
		target := "/files/search" + pathQuery(root) + "&pattern=" + pattern
		resp, err := d.send(t.Context(), http.MethodGet, target, nil, "Accept", "application/x-ndjson")
		must(t, err)
		defer resp.Body.Close()
		lines := 0
		for s := bufio.NewScanner(resp.Body); s.Scan(); lines++ {
			if strings.Contains(s.Text(), `"done":true`) {
				return lines
			}
		}
		t.Fatal("the search has no end")
		return 0
	}
	count("*-1") // whatever is made once
	before := d.peakMemory(t)
	if got := count("**"); got != files {
		t.Errorf("%d hits, want %d", got, files)
	}
	grown := d.peakMemory(t) - before
	t.Logf("%d hits: %d KiB more memory", files, grown>>10)
	if grown >= transferGrowth {
		t.Errorf("that is more than %d KiB", transferGrowth>>10)
	}
}

// TestSearch_Skipped: what may not be read is counted, and the rest is found.
func TestSearch_Skipped(t *testing.T) {
	t.Parallel()
	d := startAs(t, 65534)
	root := d.dir + "/files"
	must(t, os.MkdirAll(root+"/closed", 0o755))
	writeFile(t, root+"/closed/unseen", "text")
	writeFile(t, root+"/file", "text")
	must(t, os.WriteFile(root+"/secret", []byte("text"), 0o600))
	must(t, os.Chmod(root+"/closed", 0o700))
	for query, want := range map[string]string{"": "1", "&content=text": "2"} {
		a := d.ok(t, http.MethodGet, "/files/search"+pathQuery(root)+query, nil)
		if got := a.header.Get("X-Execd-Skipped"); got != want || strings.Contains(a.body, "unseen") || !strings.Contains(a.body, root+"/file") {
			t.Errorf("%q: %s skipped, want %s: %s", query, got, want, a.body)
		}
	}
	d.fails(t, http.StatusForbidden, "PERMISSION_DENIED", http.MethodGet, "/files/search"+pathQuery(root+"/closed"), nil)
}
