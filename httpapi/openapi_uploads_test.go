package httpapi_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3filter"

	"execd/httpapi"
	"execd/kernel/kerneltest"
)

func tusHeader(more ...string) []string { return append([]string{"Tus-Resumable", "1.0.0"}, more...) }

// useUploads does with resumable uploads what can be done with them.
func useUploads(t *testing.T, c *contract) {
	t.Helper()
	l := &live{t: t, c: c, server: serveSystem(t, &kerneltest.Fake{}, httpapi.Config{UploadDir: t.TempDir() + "/uploads"})}
	root := t.TempDir()
	for _, kind := range []string{
		"application/offset+octet-stream", "application/partial-upload", "application/x-tar", "application/gzip", "application/zip",
	} {
		openapi3filter.RegisterBodyDecoder(kind, asText)
	}
	to := func(path string) string { return "path " + base64.StdEncoding.EncodeToString([]byte(path)) }
	begin := func(h ...string) string {
		t.Helper()
		at, err := url.Parse(l.do(201, "POST", "/files/uploads", "", tusHeader(h...)...).header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		return at.Path
	}
	chunk := func(offset string, more ...string) []string {
		return tusHeader(append(more, "Upload-Offset", offset, "Content-Type", "application/offset+octet-stream")...)
	}
	l.do(204, "OPTIONS", "/files/uploads", "")
	useArchives(l, t.TempDir())
	l.refused(400, "INVALID_FILE_METADATA", "POST", "/files/uploads", "", tusHeader("Upload-Length", "2")...)
	l.refused(404, "FILE_NOT_FOUND", "POST", "/files/uploads", "", tusHeader("Upload-Concat", "final;/files/uploads/x")...)
	l.refused(412, "PRECONDITION_FAILED", "POST", "/files/uploads", "", "Upload-Length", "2")
	upload := begin("Upload-Length", "4", "Upload-Metadata", to(root+"/f"))
	l.refused(409, "UPLOAD_CONFLICT", "PATCH", upload, "xx", chunk("2")...)
	l.refused(460, "CHECKSUM_MISMATCH", "PATCH", upload, "xx", chunk("0", "Upload-Checksum", "md5 AAAA")...)
	l.refused(400, "INVALID_REQUEST_BODY", "PATCH", upload, "xx", chunk("x")...)
	l.refused(412, "PRECONDITION_FAILED", "PATCH", upload, "xx", chunk("0")[2:]...)
	l.do(204, "PATCH", upload, "te", chunk("0")...)
	l.do(200, "HEAD", upload, "", tusHeader()...)
	l.do(204, "PATCH", upload, "xt", chunk("2")...)
	if text, err := os.ReadFile(root + "/f"); err != nil || string(text) != "text" {
		t.Errorf("%q, %v", text, err)
	}
	l.refused(412, "PRECONDITION_FAILED", "DELETE", upload, "")
	l.do(204, "DELETE", upload, "", tusHeader()...)
	l.refused(404, "FILE_NOT_FOUND", "DELETE", upload, "", tusHeader()...)
	l.refused(404, "FILE_NOT_FOUND", "PATCH", upload, "", chunk("4")...)
	c.expect(t, l.server, request{method: http.MethodHead, target: upload, header: tusHeader()}, 404, "")
	narrow := serveSystem(t, &kerneltest.Fake{}, httpapi.Config{UploadDir: t.TempDir() + "/uploads", MaxUpload: 1})
	c.expect(t, narrow, request{"POST", "/files/uploads", "", tusHeader("Upload-Length", "2", "Upload-Metadata", to(root+"/g"))},
		413, "BODY_TOO_LARGE")
	if left, err := os.ReadDir(root); err != nil || len(left) != 1 || strings.HasPrefix(left[0].Name(), ".") {
		t.Errorf("%v, %v", left, err)
	}
}

// useArchives does with archives what can be done with them.
func useArchives(l *live, root string) {
	l.t.Helper()
	if err := os.WriteFile(root+"/f", []byte("text"), 0o600); err != nil {
		l.t.Fatal(err)
	}
	var archive string
	for format, kind := range map[string]string{"tar": "application/x-tar", "tar.gz": "application/gzip", "zip": "application/zip"} {
		archive = l.do(200, "GET", "/files/archive?path="+root+"&format="+format, "").body
		l.contains(l.do(200, "POST", "/files/extract?path="+root+"/"+format, archive, "Content-Type", kind).body, `"bytes":`)
	}
	l.refused(404, "FILE_NOT_FOUND", "GET", "/files/archive?path="+root+"/gone", "")
	l.refused(400, "INVALID_REQUEST_BODY", "GET", "/files/archive?path="+root+"&format=rar", "")
	l.refused(400, "INVALID_FILE_CONTENT", "POST", "/files/extract?path="+root, "not an archive", octets...)
}
