package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// replaced is a verbose answer.
type replaced map[string]struct{ ReplacedCount int }

func TestReplace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := startWith(t, []string{"HOME=" + dir})
	must(t, os.Mkdir(dir+"/日本 +%", 0o755))
	path, other := dir+"/日本 +%/f", dir+"/other"
	writeFile(t, path, "a.b,a.b axb\x00\xff")
	writeFile(t, other, strings.Repeat("x", 1<<20)+"old")
	must(t, os.Chmod(path, 0o751))
	must(t, os.Symlink(path, dir+"/link"))
	if os.Getuid() == 0 {
		must(t, os.Chown(path, 12345, 12346))
	}
	before := d.info(t, path)
	got := post[replaced](t, d, "/files/replace?verbose=true", object{
		"~/link":  object{"old": "a.b", "new": "ü"},
		"~/other": object{"old": "none"},
	})
	if len(got) != 2 || got["~/link"].ReplacedCount != 2 || got["~/other"].ReplacedCount != 0 {
		t.Errorf("%+v", got)
	}
	after := d.info(t, path)
	if text, err := os.ReadFile(path); err != nil || string(text) != "ü,ü axb\x00\xff" {
		t.Errorf("%q, %v", text, err)
	}
	if after.Mode != 751 || after.Owner != before.Owner || after.Group != before.Group || after.ETag == before.ETag {
		t.Errorf("%+v became %+v", before, after)
	}
	if d.info(t, dir+"/link").Type != "symlink" {
		t.Error("the link was replaced")
	}
	for _, query := range []string{"", "?verbose=false", "?verbose=1"} {
		d.empty(t, http.MethodPost, "/files/replace"+query, object{path: object{"old": "ü", "new": "u"}})
	}
	d.empty(t, http.MethodPost, "/files/replace", object{})
}

// TestReplace_Refused: nothing changes where one of the files cannot.
func TestReplace_Refused(t *testing.T) {
	t.Parallel()
	d := start(t)
	dir := t.TempDir()
	good := dir + "/good"
	writeFile(t, good, "old")
	must(t, syscall.Mkfifo(dir+"/pipe", 0o600))
	for path, code := range map[string]string{
		dir + "/gone": "FILE_NOT_FOUND", good + "/below": "FILE_NOT_FOUND", dir: "INVALID_FILE", dir + "/pipe": "INVALID_FILE",
		dir + "/./good": "INVALID_REQUEST_BODY", "$EXECD_NO_SUCH_NAME": "INVALID_REQUEST_BODY",
	} {
		status := http.StatusBadRequest
		if code == "FILE_NOT_FOUND" {
			status = http.StatusNotFound
		}
		f := d.fails(t, status, code, http.MethodPost, "/files/replace",
			object{good: object{"old": "old", "new": "new"}, path: object{"old": "old", "new": "new"}})
		if !strings.Contains(f.Message, path) && path != dir+"/./good" {
			t.Errorf("%q is not named: %s", path, f.Message)
		}
	}
	for _, body := range []any{"", "{", "[]", object{good: "x"}, object{good: object{"old": "", "new": "x"}}, object{good: object{}}} {
		d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodPost, "/files/replace", body)
	}
	if text, err := os.ReadFile(good); err != nil || string(text) != "old" {
		t.Errorf("%q, %v", text, err)
	}
}

// TestReplace_OneWins: of many who have seen the same version, one replaces it, and the others are told the next.
func TestReplace_OneWins(t *testing.T) {
	t.Parallel()
	d := start(t)
	dir := t.TempDir()
	must(t, os.Symlink(dir, dir+"/alias"))
	names := []string{dir + "/f", dir + "/alias/f"}
	for round := range 5 {
		writeFile(t, dir+"/f", "base")
		tag := d.info(t, dir+"/f").ETag
		var won atomic.Int32
		var winner atomic.Value
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				text := fmt.Sprintf("w%03d", i)
				a := d.call(t, http.MethodPost, "/files/replace",
					object{names[i%2]: object{"old": "base", "new": text}}, "If-Match", tag)
				switch a.status {
				case http.StatusOK:
					won.Add(1)
					winner.Store(text)
				case http.StatusPreconditionFailed:
					if now := a.header.Get("ETag"); now == "" || now == tag {
						t.Errorf("refused for version %q, and it is %q", tag, now)
					}
				default:
					t.Errorf("%d %s", a.status, a.body)
				}
			})
		}
		all.Wait()
		if text, err := os.ReadFile(dir + "/f"); won.Load() != 1 || err != nil || string(text) != winner.Load() {
			t.Fatalf("round %d: %d won; %q, %v", round, won.Load(), text, err)
		}
	}
}

// TestReplace_Counter: writers who read, change and write with If-Match lose none of their changes.
func TestReplace_Counter(t *testing.T) {
	t.Parallel()
	d := start(t)
	path := t.TempDir() + "/counter"
	writeFile(t, path, "1000")
	var won atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 25 {
				tag := d.info(t, path).ETag
				text, err := os.ReadFile(path) // not before its version, so perhaps newer
				if err != nil {
					t.Error(err)
					return
				}
				n := 0
				if _, err := fmt.Sscan(string(text), &n); err != nil {
					t.Error(err)
					return
				}
				a := d.call(t, http.MethodPost, "/files/replace?verbose=true",
					object{path: object{"old": string(text), "new": fmt.Sprint(n + 1)}}, "If-Match", tag)
				if a.status == http.StatusOK {
					won.Add(1)
					if !strings.Contains(a.body, `"replacedCount":1}`) {
						t.Errorf("the version was the same and the content was not: %s", a.body)
					}
				}
			}
		})
	}
	all.Wait()
	if text, err := os.ReadFile(path); won.Load() == 0 || err != nil || string(text) != fmt.Sprint(1000+won.Load()) {
		t.Errorf("%d changes made %q, %v", won.Load(), text, err)
	}
}
