package e2e_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
)

const consoleToken = "tökén with spaces/and+signs"

// TestConsole_Work has a person do everything that the console is for, where no token is needed.
func TestConsole_Work(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	d := start(t)
	b.do(t, "open", object{"url": d.url})
	if os.Getenv("JUPYTER_PATH") != "" {
		consoleCode(t, b, d)
	}
	consoleCommand(t, b, d)
	b.do(t, "terminal", object{"type": "stty size; echo $((40+2))", "see": "42"})
	consoleFiles(t, b)
	b.do(t, "metrics", nil)
	consoleAttach(t, b, d)
	if got := b.do(t, "requests", nil); got != d.url {
		t.Errorf("the page has asked %s", got)
	}
	dir := t.TempDir()
	together := "mktemp -q " + dir + "/XXXXXX >/dev/null; echo here; until [ $(ls " + dir + " | wc -l) = 8 ]; do sleep 0.05; done; echo all"
	b.do(t, "many", object{"count": 8, "command": together, "expect": "here\nall"})
	b.do(t, "large", object{"lines": 50_000})
	b.do(t, "visible", object{"yes": false})
	eventually(t, "nobody reads metrics in the background", func() bool { return get[object](t, d, "/metrics")["streams"] == 0.0 })
	b.do(t, "visible", object{"yes": true})
	b.do(t, "metrics", nil)
	b.do(t, "keyboard", nil)
	b.do(t, "accessible", nil)
	b.do(t, "narrow", nil)
}

// TestConsole_Token: with the token everything works, and it gets into no address and no log.
func TestConsole_Token(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	d := start(t, "--access-token", consoleToken)
	d.token = consoleToken
	b.do(t, "open", object{"url": d.url})
	b.do(t, "token", object{"wrong": "wrong", "right": consoleToken})
	consoleCommand(t, b, d)
	b.do(t, "terminal", object{"type": "echo $((40+2))", "see": "42"})
	dir := t.TempDir()
	writeFile(t, dir+"/here.txt", "content")
	b.do(t, "browse", object{"path": dir})
	b.do(t, "download", object{"name": "here.txt", "into": dir + "/there.txt"})
	checkContent(t, dir+"/there.txt", "content")
	b.do(t, "metrics", nil)
	if got := b.do(t, "requests", object{"token": consoleToken}); got != d.url {
		t.Errorf("the page has asked %s", got)
	}
}

// shell runs the line that a panel shows, as somebody who copies it.
func (d *daemon) shell(t *testing.T, line string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
	cmd.Env = append(os.Environ(), "EXECD_ACCESS_TOKEN="+d.token)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", line, err, out)
	}
	return string(out)
}

func consoleCode(t *testing.T, b *browser, d *daemon) {
	t.Helper()
	var asked atomic.Int64
	outside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(outside.Close)
	line := b.do(t, "code", object{"outside": outside.URL})
	if n := asked.Load(); n > 0 {
		t.Errorf("HTML that code has made has asked another server %d times", n)
	}
	if got := d.shell(t, line); !strings.Contains(got, `"text":"it's 42\n"`) {
		t.Errorf("%s\nprints %s", line, got)
	}
}

func consoleCommand(t *testing.T, b *browser, d *daemon) {
	t.Helper()
	file := t.TempDir() + "/it's there"
	line := b.do(t, "command", object{"file": "'" + strings.ReplaceAll(file, "'", `'\''`) + "'"})
	must(t, os.Remove(file))
	if got := d.shell(t, line); !strings.Contains(got, "execution_complete") {
		t.Errorf("%s\nprints %s", line, got)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("%s\ndoes something else: %v", line, err)
	}
	b.do(t, "interrupt", nil)
}

func consoleFiles(t *testing.T, b *browser) {
	t.Helper()
	dir := t.TempDir()
	data := make([]byte, 16<<20)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(data) // never fails
	writeFile(t, dir+"/source.bin", string(data))
	must(t, os.Mkdir(dir+"/ünder #1", 0o755))
	under := dir + "/ünder #1"
	writeFile(t, under+"/note.txt", "one\r\n")
	b.do(t, "browse", object{"path": under})
	b.do(t, "edit", object{"name": "note.txt", "add": "two\n"})
	b.do(t, "save", nil)
	checkContent(t, under+"/note.txt", "one\r\ntwo\r\n")
	b.do(t, "edit", object{"name": "note.txt", "add": "three"})
	writeFile(t, under+"/note.txt", "theirs\n")
	b.do(t, "save", object{"conflict": "Somebody else has changed", "choose": "Load theirs"})
	checkContent(t, under+"/note.txt", "theirs\n")
	b.do(t, "edit", object{"name": "note.txt", "add": "mine"})
	writeFile(t, under+"/note.txt", "theirs again\n")
	b.do(t, "save", object{"conflict": "Somebody else has changed", "choose": "Save over it"})
	checkContent(t, under+"/note.txt", "theirs\nmine")
	b.do(t, "create", object{"name": "new.txt"})
	checkContent(t, under+"/new.txt", "")
	b.do(t, "remove", object{"name": "new.txt"})
	if _, err := os.Stat(under + "/new.txt"); err == nil {
		t.Error("what was deleted is there")
	}
	b.do(t, "upload", object{"file": dir + "/source.bin"})
	b.do(t, "uploaded", nil)
	b.do(t, "download", object{"name": "source.bin", "into": dir + "/copy.bin"})
	for _, copied := range []string{under + "/source.bin", dir + "/copy.bin"} {
		if got, err := os.ReadFile(copied); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%s: %v, or it differs", copied, err)
		}
	}
}

func checkContent(t *testing.T, path, want string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s: %q, %v, want %q", path, got, err, want)
	}
}

func consoleAttach(t *testing.T, b *browser, d *daemon) {
	t.Helper()
	file := t.TempDir() + "/go"
	script := "echo past; echo; read x; echo got $x; until [ -e " + file + " ]; do sleep 0.02; done; echo to come"
	body := object{"command": script, "background": true, "stdin": true}
	a := d.ok(t, http.MethodPost, "/command", body)
	got := b.do(t, "attach", object{"id": a.header.Get("X-Execd-Execution-Id"), "until": "past", "file": file})
	if got != "past\n\ngot typed\nto come" {
		t.Errorf("%q", got)
	}
}

// ticks prints 40 lines in two seconds, and looks at nothing but the clock.
const ticks = "for i in $(seq 40); do echo tick $i; sleep 0.05; done"

func allTicks() string {
	var all []string
	for i := range 40 {
		all = append(all, fmt.Sprintf("tick %d", i+1))
	}
	return strings.Join(all, "\n")
}

// TestConsole_Cut: what the console shows goes on, without a gap and without a repetition, when its connections are cut, and
// it says what was lost when execd itself was.
func TestConsole_Cut(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	dir := t.TempDir()
	d := startIn(t, dir, nil, "--access-token", consoleToken)
	p := newPlug(t, d.addr)
	b.do(t, "open", object{"url": p.url()})
	b.do(t, "token", object{"wrong": "wrong", "right": consoleToken})
	b.do(t, "terminal", object{"type": "x=kept; echo fi''rst", "see": "first"})
	b.do(t, "begin", object{"command": ticks, "until": "tick 3"})
	p.turn("")
	b.do(t, "link", object{"state": "offline"})
	p.turn(d.addr)
	if got := b.do(t, "finish", object{"chip": "exit 0"}); got != allTicks() {
		t.Errorf("through a cut came %q", got)
	}
	b.do(t, "reconnected", nil)
	if got := b.do(t, "terminal", object{"type": "echo $x''again", "see": "keptagain"}); strings.Count(got, "first") != 1 {
		t.Errorf("the terminal shows %q", got)
	}

	consoleSeats(t, b, d)
	b.do(t, "begin", object{"command": "echo begun; sleep 600", "until": "begun"})
	d.stop(t)
	b.do(t, "finish", object{"chip": "SIGTERM, shutdown"})
	b.do(t, "link", object{"state": "offline"})
	d = startIn(t, dir, nil, "--access-token", consoleToken)
	p.turn(d.addr)
	b.do(t, "link", object{"state": "online"})
	b.do(t, "terminalLost", nil)
	b.do(t, "metrics", nil)
	b.do(t, "begin", object{"command": "echo begun; sleep 600", "until": "begun"})
	d.kill(t)
	p.turn("")
	d = start(t, "--access-token", consoleToken)
	p.turn(d.addr)
	if got := b.do(t, "finish", object{"chip": "lost"}); !strings.Contains(got, "execd was restarted") {
		t.Errorf("the console says %q", got)
	}
	b.do(t, "begin", object{"command": ticks, "until": "tick 40"})
	b.do(t, "finish", object{"chip": "exit 0"})
	consoleResume(t, b)
	if got := b.do(t, "requests", object{"token": consoleToken}); got != p.url() {
		t.Errorf("the page has asked %s", got)
	}
}

// consoleSeats has others at the terminals of the console, and the console at those of others.
func consoleSeats(t *testing.T, b *browser, d *daemon) {
	t.Helper()
	d.token = consoleToken
	own := get[[]object](t, d, "/pty")
	if len(own) != 1 {
		t.Fatalf("%v", own)
	}
	other := d.view(t, own[0]["session_id"].(string), "takeover=1")
	b.do(t, "taken", nil)
	b.do(t, "terminal", object{"type": "echo ba''ck", "see": "back"})
	_ = other.conn.Close()
	other = d.view(t, d.terminal(t, object{}), "")
	other.types("echo some''body\n")
	other.shows("somebody")
	b.do(t, "browse", object{"path": t.TempDir()})
	b.do(t, "held", object{"see": "somebody"})
	_ = other.conn.Close()
}

// consoleResume goes on with an upload after the page was loaded anew.
func consoleResume(t *testing.T, b *browser) {
	t.Helper()
	dir := t.TempDir()
	data := make([]byte, 16<<20)
	_, _ = rand.NewChaCha8([32]byte{8}).Read(data) // never fails
	writeFile(t, dir+"/source.bin", string(data))
	must(t, os.Mkdir(dir+"/into", 0o755))
	b.do(t, "browse", object{"path": dir + "/into"})
	b.do(t, "upload", object{"file": dir + "/source.bin"})
	b.do(t, "again", object{"file": dir + "/source.bin", "path": dir + "/into"})
	checkContent(t, dir+"/into/source.bin", string(data))
}

// TestConsole_Vendored: xterm.js is what npm serves.
func TestConsole_Vendored(t *testing.T) {
	t.Parallel()
	clientsDir(t)
	out, err := exec.CommandContext(t.Context(), "../scripts/console-vendor.sh", "--check").CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
