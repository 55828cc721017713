package httpapi_test

import (
	"fmt"
	"net/url"
	"os"
	"testing"

	"execd/fsops"
)

// useFiles does with files and directories what can be done with them.
func useFiles(t *testing.T, c *contract) {
	t.Helper()
	l := newLive(t, c)
	root := t.TempDir()
	file, dir := root+"/a ä.txt", root+"/dir/sub"
	if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	permission := func(path, what string) string { return fmt.Sprintf("{%q:{%s}}", path, what) }
	l.do(200, "POST", "/directories", permission(dir, `"mode":750,"owner":null`))
	l.contains(l.do(200, "GET", "/directories/list?depth=2&path="+root, "").body, `"mode":750`, `"type":"directory"`)
	l.refused(400, "INVALID_REQUEST_BODY", "GET", "/directories/list?depth=-1&path="+root, "")
	l.refused(400, "MISSING_QUERY", "GET", "/directories/list", "")
	l.refused(404, "FILE_NOT_FOUND", "GET", "/directories/list?path="+root+"/gone", "")
	l.refused(400, "INVALID_FILE", "POST", "/directories", permission(file, ""))

	l.contains(l.do(200, "GET", "/files/info?path="+url.QueryEscape(file), "").body, `"size":4`)
	l.do(200, "GET", "/files/info", "")
	l.refused(404, "FILE_NOT_FOUND", "GET", "/files/info?path="+root+"/gone", "")
	l.refused(400, "INVALID_REQUEST_BODY", "GET", "/files/info?path=$EXECD_NO_SUCH_VARIABLE", "")
	l.do(200, "POST", "/files/permissions", permission(file, `"mode":640`))
	l.refused(400, "INVALID_REQUEST_BODY", "POST", "/files/permissions", permission(file, `"mode":799`))
	l.refused(404, "FILE_NOT_FOUND", "POST", "/files/permissions", permission(root+"/gone", `"mode":640`))

	l.replace(file)

	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	move := fmt.Sprintf(`[{"src":%q,"dest":%q}]`, file, root+"/new/b.txt")
	l.refused(412, "PRECONDITION_FAILED", "POST", "/files/mv", move, "If-None-Match", "*")
	l.refused(412, "PRECONDITION_FAILED", "DELETE", "/files?path="+url.QueryEscape(file), "", "If-Match", `"other"`)
	l.do(200, "POST", "/files/mv", move, "If-Match", fsops.ETag(info))
	l.refused(404, "FILE_NOT_FOUND", "POST", "/files/mv", move)
	l.refused(409, "FILE_EXISTS", "POST", "/files/mv", fmt.Sprintf(`[{"src":%q,"dest":%q}]`, root+"/new/b.txt", dir))
	l.refused(400, "INVALID_REQUEST_BODY", "POST", "/files/mv", `[{"src":"/x"}]`)
	l.refused(400, "INVALID_FILE", "DELETE", "/files?path="+dir, "")
	l.do(200, "DELETE", "/files?path="+root+"/new/b.txt&path="+root+"/gone", "")
	find := "/files/search?path=" + root + "&pattern=*.txt"
	l.do(200, "GET", find, "")
	for _, accept := range []string{"text/event-stream", "application/x-ndjson"} {
		l.contains(l.do(200, "GET", find+"&limit=1&content=t", "", "Accept", accept).body, `"done":true`)
	}
	l.refused(400, "INVALID_REQUEST_BODY", "GET", find+"&content=(", "")
	l.refused(404, "FILE_NOT_FOUND", "GET", "/files/search?path="+root+"/gone", "")
	l.do(200, "DELETE", "/directories?path="+root+"/dir", "")
	l.refused(400, "MISSING_QUERY", "DELETE", "/directories", "")
}

// replace replaces texts in a file.
func (l *live) replace(file string) {
	l.t.Helper()
	body := func(old string) string { return fmt.Sprintf(`{%q:{"old":%q,"new":"b"}}`, file, old) }
	if r := l.do(200, "POST", "/files/replace?verbose=1", body("t")); r.body != "" || r.header.Get("ETag") == "" {
		l.t.Errorf("%q, ETag %q", r.body, r.header.Get("ETag"))
	}
	l.contains(l.do(200, "POST", "/files/replace?verbose=true", body("b")).body, `"replacedCount":2`)
	l.refused(400, "INVALID_REQUEST_BODY", "POST", "/files/replace", body(""))
	l.refused(404, "FILE_NOT_FOUND", "POST", "/files/replace", `{"/does/not/exist":{"old":"a"}}`)
	l.refused(412, "PRECONDITION_FAILED", "POST", "/files/replace", body("b"), "If-Match", `"other"`)
}
