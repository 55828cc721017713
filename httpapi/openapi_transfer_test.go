package httpapi_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

// octets is the type of a body that is just bytes.
var octets = []string{"Content-Type", "application/octet-stream"}

const boundary = "a-boundary"

// uploadForm is a request with pairs of metadata and content.
func uploadForm(pairs ...string) request {
	var b strings.Builder
	for i, content := range pairs {
		name, kind := "metadata", "application/json"
		if i%2 == 1 {
			name, kind = "file", "application/octet-stream"
		}
		fmt.Fprintf(&b, "--%s\r\nContent-Disposition: form-data; name=%q; filename=%q\r\nContent-Type: %s\r\n\r\n%s\r\n",
			boundary, name, name, kind, content)
	}
	fmt.Fprintf(&b, "--%s--\r\n", boundary)
	return request{
		method: http.MethodPost, target: "/files/upload", body: b.String(),
		header: []string{"Content-Type", "multipart/form-data; boundary=" + boundary},
	}
}

// asText has openapi3filter take a body as it is.
func asText(r io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
	text, err := io.ReadAll(r)
	return string(text), err
}

// useTransfers does with uploads and downloads what can be done with them.
func useTransfers(t *testing.T, c *contract) {
	t.Helper()
	openapi3filter.RegisterBodyDecoder("multipart/byteranges", asText)
	l := newLive(t, c)
	root := t.TempDir()
	file := root + "/new/file"
	get, put := "/files/download?path="+file, "/files/upload?path="+file
	l.do(200, "PUT", put+"&mode=640", "one\ntwo\nthree", octets...)
	tag := l.do(200, "PUT", put, "one\ntwo\nthree\n", octets...).header.Get("Etag")
	l.refused(412, "PRECONDITION_FAILED", "PUT", put, "", "If-None-Match", "*")
	l.refused(400, "MISSING_QUERY", "PUT", "/files/upload", "x", octets...)
	l.refused(400, "INVALID_REQUEST_BODY", "PUT", put+"&mode=x", "x", octets...)
	l.refused(400, "INVALID_FILE", "PUT", "/files/upload?path="+root, "x", octets...)

	l.contains(l.do(200, "GET", get, "").body, "three")
	l.contains(l.do(200, "GET", get+"&offset=2&limit=1", "").body, "two\n")
	for _, method := range []string{"GET", "HEAD"} {
		l.do(200, method, get, "")
		l.do(206, method, get, "", "Range", "bytes=0-2")
		l.do(206, method, get, "", "Range", "bytes=0-2,4-5")
		l.do(304, method, get, "", "If-None-Match", tag)
		l.c.expect(t, l.server, request{method, get + "&offset=0", "", nil}, 400, "INVALID_REQUEST_BODY")
		l.c.expect(t, l.server, request{method, "/files/download?path=" + root + "/gone", "", nil}, 404, "FILE_NOT_FOUND")
		l.c.expect(t, l.server, request{method, get, "", []string{"If-Match", `"other"`}}, 412, "PRECONDITION_FAILED")
		l.c.expect(t, l.server, request{method, get, "", []string{"Range", "bytes=99-"}}, 416, "UNKNOWN")
	}

	upload := func(status int, code string, q request, header ...string) {
		t.Helper()
		q.header = append(q.header, header...)
		c.expect(t, l.server, q, status, code)
	}
	metadata := fmt.Sprintf(`{"path":%q,"mode":600,"owner":null}`, root+"/form")
	upload(200, "", uploadForm(metadata, "x", fmt.Sprintf(`{"path":%q}`, root+"/second"), "y"))
	upload(412, "PRECONDITION_FAILED", uploadForm(metadata, "x"), "If-None-Match", "*")
	upload(400, "INVALID_FILE_METADATA", uploadForm(`{}`, "x"))
	upload(400, "INVALID_FILE_CONTENT", uploadForm(metadata))
	upload(400, "INVALID_FILE", uploadForm(metadata, "x", metadata))
	l.fillDisk()
}

// fillDisk writes to a disk that is full, where this user may make one.
func (l *live) fillDisk() {
	l.t.Helper()
	dir := l.t.TempDir()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=65536")
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		l.t.Logf("this user may not mount a small disk: %v; 507 is not looked at", err)
		for _, method := range []string{"PUT", "POST"} {
			l.c.seen[method+" /files/upload 507"] = true
		}
		return
	}
	if err != nil {
		l.t.Fatal(err)
	}
	defer func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			l.t.Error(err)
		}
	}()
	large := strings.Repeat("x", 1<<20)
	l.refused(507, "NO_SPACE", "PUT", "/files/upload?path="+dir+"/file", large, octets...)
	l.c.expect(l.t, l.server, uploadForm(fmt.Sprintf(`{"path":%q}`, dir+"/file"), large), 507, "NO_SPACE")
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		l.t.Errorf("left behind: %v, %v", entries, err)
	}
}
