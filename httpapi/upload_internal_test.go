package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/rs/zerolog"

	"execd/actors/msg"
	"execd/fsops"
)

// FuzzParseTarget: metadata is either refused as such, or names a path, and says the same again when it is written.
func FuzzParseTarget(f *testing.F) {
	for _, seed := range []string{
		`{"path":"/a","mode":755,"owner":null,"group":"g"}`, `{"path":"/a"} trailing`, `{"path":""}`, `{}`, ``, `null`, `[]`, `{"path":7}`,
		`{"mode":"755"}`, `{"path":"\ud800"}`, `{"PATH":"/a"}`, `{"path":"/a","mode":1e2}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		target, err := parseTarget(iotest.OneByteReader(bytes.NewReader(text)))
		if err != nil {
			var refused *msg.Error
			if !errors.As(err, &refused) || refused.Code != msg.InvalidFileMetadata || refused.Message == "" {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		again, err := json.Marshal(target)
		if err != nil || target.Path == "" {
			t.Fatalf("%q: %+v, %v", text, target, err)
		}
		if got, err := parseTarget(bytes.NewReader(again)); err != nil || got != target {
			t.Errorf("%q: %+v, then %+v, %v", text, target, got, err)
		}
	})
}

// FuzzUploadForm: whatever bytes a form is, it is either taken, with as many files as it says, or refused with a code of
// the API; and then nothing has changed.
func FuzzUploadForm(f *testing.F) {
	part := func(name, content string) string {
		return "--b\r\nContent-Disposition: form-data; name=" + name + "\r\n\r\n" + content + "\r\n"
	}
	f.Add(part("metadata", `{"path":"PATH"}`) + part("file", "x") + "--b--\r\n")
	f.Add(part("file", "x") + part("metadata", `{"path":"PATH","mode":600}`) + "--b--\r\n")
	f.Add(part("file", "x") + part("file", "y") + part("metadata", `{"path":"PATH"}`) + part(`"other"`, "z") + "--b--")
	f.Add(part("metadata", `{"path":"PATH"}`) + "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"b\"\r\n\r\nx\r\n--b--")
	f.Add("--b--\r\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, body string) {
		dir := t.TempDir()
		s, log := &Server{config: Config{SpoolDir: dir}}, zerolog.Nop()
		paths := map[string]bool{}
		form := &uploadForm{uploads: &uploads{server: s, log: &log}, place: func(metadata io.Reader) (fsops.Placement, error) {
			target, err := parseTarget(metadata)
			// The path may be that of any file of this machine.
			sum := sha256.Sum256([]byte(target.Path))
			path := filepath.Join(dir, hex.EncodeToString(sum[:]))
			paths[path] = true
			return fsops.Placement{Path: path}, err
		}}
		err := form.read(multipart.NewReader(strings.NewReader(body), "b"))
		if err == nil {
			_, err = form.commit()
		}
		form.close()
		entries, readErr := os.ReadDir(dir)
		if readErr != nil {
			t.Fatal(readErr)
		}
		if err == nil {
			if len(entries) != len(paths) || form.files == 0 || form.files != len(form.places) {
				t.Errorf("%d files and %d metadata, and there is %v", form.files, len(form.places), entries)
			}
			return
		}
		var refused *msg.Error
		codes := []msg.Code{msg.InvalidFile, msg.InvalidFileContent, msg.InvalidFileMetadata}
		if !errors.As(err, &refused) || !slices.Contains(codes, refused.Code) {
			t.Errorf("refused with %v", err)
		}
		if len(entries) > 0 {
			t.Errorf("left behind: %v", entries)
		}
	})
}

func TestPartName(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		`form-data; name="file"; filename="x"`:                                   "file",
		`form-data; name=metadata; filename=metadata; filename*=utf-8''metadata`: "metadata",
		`form-data; name="file"; filename="a "quoted" name"`:                     "file",
		`form-data; name="file"; filename="ünescaped"`:                           "file",
		`form-data; name="other"; filename="name="file""`:                        "other",
		`form-data; filename="x"; name="file"`:                                   "file",
		`attachment; name="file"`:                                                "",
		``:                                                                       "",
	} {
		p := &multipart.Part{Header: textproto.MIMEHeader{"Content-Disposition": {header}}}
		if got := partName(p); got != want && (got != "" || want != "other") {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
}

// TestReceive_Blames: a body that breaks off is the client's fault, a disk that does not take it is not.
func TestReceive_Blames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		to   io.ReaderFrom
		body io.Reader
		code msg.Code
	}{
		{&bytes.Buffer{}, io.MultiReader(strings.NewReader("x"), iotest.ErrReader(io.ErrUnexpectedEOF)), msg.InvalidFile},
		{fullDisk{}, strings.NewReader("x"), msg.NoSpace},
	} {
		_, err := receive(c.to, c.body)
		var got *msg.Error
		if !errors.As(err, &got) || got.Code != c.code {
			t.Errorf("got %v, want %s", err, c.code)
		}
	}
}

// fullDisk takes nothing.
type fullDisk struct{}

func (fullDisk) ReadFrom(r io.Reader) (int64, error) {
	_, _ = r.Read(make([]byte, 1))
	return 0, syscall.ENOSPC
}
