package e2e_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// formPart is a part of a form: its headers as a client writes them, and its content.
type formPart struct{ disposition, kind, content string }

// form is a body of parts and its content type.
func form(tb testing.TB, parts ...formPart) (body, kind string) {
	tb.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		h := textproto.MIMEHeader{}
		h["Content-Disposition"] = []string{"form-data; " + p.disposition}
		if p.kind != "" {
			h["Content-Type"] = []string{p.kind}
		}
		part, err := w.CreatePart(h)
		must(tb, err)
		_, err = part.Write([]byte(p.content))
		must(tb, err)
	}
	must(tb, w.Close())
	return b.String(), w.FormDataContentType()
}

func metadataPart(format string, args ...any) formPart {
	return formPart{`name="metadata"; filename="metadata"`, "application/json", fmt.Sprintf(format, args...)}
}

func filePart(content string) formPart {
	return formPart{`name="file"; filename="file"`, "application/octet-stream", content}
}

// holds checks a file's content and mode.
func holds(tb testing.TB, path, want string, mode os.FileMode) {
	tb.Helper()
	got, err := os.ReadFile(path)
	must(tb, err)
	info, err := os.Stat(path)
	must(tb, err)
	if string(got) != want || info.Mode() != mode {
		tb.Errorf("%s: %d bytes %.40q, mode %v, want %d bytes %.40q, mode %v", path, len(got), got, info.Mode(), len(want), want, mode)
	}
}

// TestUpload_Clients uploads a file with the parts that the SDKs and curl send.
func TestUpload_Clients(t *testing.T) {
	t.Parallel()
	d := start(t)
	for name, parts := range map[string]func(path string) []formPart{
		"js": func(path string) []formPart {
			return []formPart{metadataPart(`{"path":%q,"mode":755}`, path),
				{`name="file"; filename="nämé "quoted".txt"`, "text/plain;charset=utf-8", "content"}}
		},
		"python": func(path string) []formPart {
			return []formPart{metadataPart(`{"path":%q,"mode":755,"owner":null,"group":null}`, path),
				{fmt.Sprintf(`name="file"; filename=%q`, path), "application/octet-stream", "content"}}
		},
		"csharp": func(path string) []formPart {
			metadata := fmt.Sprintf(`{"path":%q}`, path)
			return []formPart{{`name=metadata; filename=metadata; filename*=utf-8''metadata`, "application/json; charset=utf-8", metadata},
				{`name=file; filename=x; filename*=utf-8''x`, "application/octet-stream", "content"}}
		},
		"field": func(path string) []formPart {
			return []formPart{{`name="metadata"`, "", fmt.Sprintf(`{"path":%q,"mode":null,"more":[1]} trailing`, path)}, filePart("content")}
		},
		"file-first": func(path string) []formPart {
			return []formPart{filePart("content"), {`name="comment"`, "", "passed over"}, metadataPart(`{"path":%q}`, path)}
		},
	} {
		path := filepath.Join(d.dir, "new", name, "dir", name)
		body, kind := form(t, parts(path)...)
		d.empty(t, http.MethodPost, "/files/upload", body, "Content-Type", kind)
		holds(t, path, "content", 0o755)
	}
	path := filepath.Join(d.dir, "from-curl")
	want := randomFile(t, path+".source", 100_000)
	d.curl(t, "--fail-with-body", "-F", `metadata={"path":"`+path+`","mode":600}`, "-F", "file=@"+path+".source", "http://D/files/upload")
	holds(t, path, string(want), 0o600)
}

// TestUpload_Pairs: the n-th metadata belongs to the n-th file, in whatever order the parts come.
func TestUpload_Pairs(t *testing.T) {
	t.Parallel()
	d := start(t)
	const n = 200
	path := func(i int) string { return filepath.Join(d.dir, "many", fmt.Sprint(i)) }
	content := func(i int) string { return strings.Repeat(fmt.Sprint(i), 100*(i%3)) }
	for name, order := range map[string]func() []formPart{
		"pair by pair": func() (parts []formPart) {
			for i := range n {
				parts = append(parts, metadataPart(`{"path":%q}`, path(i)), filePart(content(i)))
			}
			return parts
		},
		"metadata first": func() (parts []formPart) {
			for i := range n {
				parts = append(parts, metadataPart(`{"path":%q}`, path(i)))
			}
			for i := range n {
				parts = append(parts, filePart(content(i)))
			}
			return parts
		},
		"files first": func() (parts []formPart) {
			for i := range n {
				parts = append(parts, filePart(content(i)))
			}
			for i := range n {
				parts = append(parts, metadataPart(`{"path":%q}`, path(i)))
			}
			return parts
		},
	} {
		body, kind := form(t, order()...)
		d.empty(t, http.MethodPost, "/files/upload", body, "Content-Type", kind)
		for i := range n {
			holds(t, path(i), content(i), 0o755)
		}
		if left := filesIn(t, filepath.Join(d.dir, "many")); len(left) != n {
			t.Errorf("%s: %d files, want %d", name, len(left), n)
		}
		must(t, os.RemoveAll(filepath.Join(d.dir, "many")))
	}
}

// TestUpload_Refused: what is refused changes nothing, not even the pairs that are right.
func TestUpload_Refused(t *testing.T) {
	t.Parallel()
	d := start(t)
	dir := filepath.Join(d.dir, "files")
	must(t, os.Mkdir(dir, 0o755))
	good := []formPart{metadataPart(`{"path":%q}`, dir+"/new/good"), filePart("content")}
	for name, c := range map[string]struct {
		code  string
		parts []formPart
	}{
		"no parts":       {"INVALID_FILE", nil},
		"no metadata":    {"INVALID_FILE_METADATA", []formPart{filePart("x")}},
		"no file":        {"INVALID_FILE_CONTENT", []formPart{metadataPart(`{"path":%q}`, dir+"/x")}},
		"odd":            {"INVALID_FILE", append(good, filePart("x"))},
		"bad JSON":       {"INVALID_FILE_METADATA", append(good, metadataPart(`{"path"`), filePart("x"))},
		"empty metadata": {"INVALID_FILE_METADATA", append(good, metadataPart(``), filePart("x"))},
		"no path":        {"INVALID_FILE_METADATA", append(good, metadataPart(`{"mode":644}`), filePart("x"))},
		"wrong type":     {"INVALID_FILE_METADATA", append(good, metadataPart(`{"path":7}`), filePart("x"))},
		"a string mode":  {"INVALID_FILE_METADATA", append(good, metadataPart(`{"path":%q,"mode":"755"}`, dir+"/x"), filePart("x"))},
		"not octal":      {"INVALID_FILE_METADATA", append(good, metadataPart(`{"path":%q,"mode":799}`, dir+"/x"), filePart("x"))},
		"directory":      {"INVALID_FILE", append(good, metadataPart(`{"path":%q}`, dir), filePart("x"))},
		"no name":        {"INVALID_FILE_METADATA", append(good, metadataPart(`{"path":%q}`, dir+"/x/"), filePart("x"))},
		"huge metadata":  {"INVALID_FILE_METADATA", append(good, metadataPart(`{"path":%q}`, strings.Repeat("x", 70_000)), filePart("x"))},
	} {
		body, kind := form(t, c.parts...)
		a := d.call(t, http.MethodPost, "/files/upload", body, "Content-Type", kind)
		a.checkFailure(t, http.StatusBadRequest, c.code, name)
		if left := filesIn(t, dir); len(left) > 0 {
			t.Errorf("%s: left behind: %v", name, left)
		}
	}
	body, kind := form(t, good...)
	for name, c := range map[string]struct{ body, kind string }{
		"not a form":  {`{}`, "application/json"},
		"no boundary": {body, "multipart/form-data"},
		"cut":         {body[:len(body)-40], kind},
		"empty":       {"", kind},
		"no type":     {body, ""},
	} {
		a := d.call(t, http.MethodPost, "/files/upload", c.body, "Content-Type", c.kind)
		a.checkFailure(t, http.StatusBadRequest, "INVALID_FILE", name)
	}
	for _, end := range []string{"/x/", "/x/.", "/x/..", "/"} {
		d.fails(t, http.StatusBadRequest, "INVALID_FILE", http.MethodPut, "/files/upload"+pathQuery(dir+end), "x")
	}
	if left := filesIn(t, dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestPut: a body as it is, with what curl -T sends.
func TestPut(t *testing.T) {
	t.Parallel()
	d := start(t)
	source := filepath.Join(d.dir, "source")
	want := string(randomFile(t, source, 3<<20))
	path := d.dir + "/new/dir/file name"
	d.curl(t, "--fail-with-body", "-T", source, "http://D/files/upload"+pathQuery(path))
	holds(t, path, want, 0o755)
	must(t, os.Chmod(path, 0o640))
	a := d.ok(t, http.MethodPut, "/files/upload"+pathQuery(path), "shorter")
	holds(t, path, "shorter", 0o640)
	written, got := a.header.Get("Etag"), d.ok(t, http.MethodHead, "/files/download"+pathQuery(path), nil).header.Get("Etag")
	if written == "" || written != got {
		t.Errorf("ETag %q when written, %q when read", written, got)
	}
	d.empty(t, http.MethodPut, "/files/upload"+pathQuery(path)+"&mode=4600", nil)
	holds(t, path, "", 0o600|os.ModeSetuid)
	d.fails(t, http.StatusBadRequest, "MISSING_QUERY", http.MethodPut, "/files/upload", "x")
	for _, query := range []string{"&mode=x", "&mode=799", "&mode=-1", "&mode=1.5", "&mode=77777"} {
		d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodPut, "/files/upload"+pathQuery(path)+query, "x")
	}
	for _, wrong := range []string{d.dir, path + "/below", "/dev/null"} {
		f := d.fails(t, http.StatusBadRequest, "INVALID_FILE", http.MethodPut, "/files/upload"+pathQuery(wrong), "x")
		if !strings.Contains(f.Message, wrong) {
			t.Errorf("the message does not name %s: %s", wrong, f.Message)
		}
	}
	holds(t, path, "", 0o600|os.ModeSetuid)
}

// TestPut_Preconditions: a write is refused where the file is not as its writer believes.
func TestPut_Preconditions(t *testing.T) {
	t.Parallel()
	d := start(t)
	path := filepath.Join(d.dir, "file")
	target := "/files/upload" + pathQuery(path)
	put := func(status int, content string, h ...string) string {
		t.Helper()
		a := d.call(t, http.MethodPut, target, content, h...)
		if a.status != status {
			t.Errorf("%q: %d %s, want %d", h, a.status, a.body, status)
		}
		if status == http.StatusPreconditionFailed {
			a.checkFailure(t, status, "PRECONDITION_FAILED", "PUT")
		}
		return a.header.Get("Etag")
	}
	put(http.StatusPreconditionFailed, "0", "If-Match", "*")
	put(http.StatusPreconditionFailed, "0", "If-Match", `"x"`)
	first := put(http.StatusOK, "1", "If-None-Match", "*")
	if current := put(http.StatusPreconditionFailed, "2", "If-None-Match", "*"); current != first {
		t.Errorf("412 with ETag %s, want %s", current, first)
	}
	second := put(http.StatusOK, "2", "If-Match", `"x", `+first)
	if current := put(http.StatusPreconditionFailed, "3", "If-Match", first); current != second {
		t.Errorf("412 with ETag %s, want %s", current, second)
	}
	put(http.StatusPreconditionFailed, "3", "If-Match", "W/"+second) // RFC 9110, 13.1.1: compared strongly
	holds(t, path, "2", 0o755)
	body, kind := form(t, metadataPart(`{"path":%q}`, d.dir+"/other"), filePart("x"), metadataPart(`{"path":%q}`, path), filePart("x"))
	a := d.call(t, http.MethodPost, "/files/upload", body, "Content-Type", kind, "If-None-Match", "*")
	a.checkFailure(t, http.StatusPreconditionFailed, "PRECONDITION_FAILED", "a form of which one exists")
	if _, err := os.Stat(d.dir + "/other"); err == nil {
		t.Error("the other file of the form was written")
	}
	holds(t, path, "2", 0o755)
}

// TestPut_Race: of many writers with the same base exactly one wins, round after round.
func TestPut_Race(t *testing.T) {
	t.Parallel()
	d := start(t)
	path := filepath.Join(d.dir, "file")
	target := "/files/upload" + pathQuery(path)
	header := []string{"If-None-Match", "*"}
	for round := range 10 {
		const writers = 32
		var won atomic.Int32
		var winner, tag atomic.Value
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				content := fmt.Sprintf("round %d writer %d", round, w)
				switch a := d.call(t, http.MethodPut, target, content, header...); a.status {
				case http.StatusOK:
					won.Add(1)
					winner.Store(content)
					tag.Store(a.header.Get("Etag"))
				case http.StatusPreconditionFailed:
				default:
					t.Errorf("%d %s", a.status, a.body)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Fatalf("round %d: %d writers won", round, won.Load())
		}
		holds(t, path, winner.Load().(string), 0o755)      //nolint:forcetypeassert // the only type stored
		header = []string{"If-Match", tag.Load().(string)} //nolint:forcetypeassert // likewise
	}
}
