package e2e_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// gate holds a command back at a line of its script until the test opens it.
type gate struct {
	file *os.File
	path string
}

// newGate makes a gate; wait is the line of script that waits there.
func newGate(tb testing.TB) (g gate, wait string) {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "gate")
	must(tb, syscall.Mkfifo(path, 0o666))
	file, err := os.OpenFile(path, os.O_RDWR, 0) // for both, or opening would wait for the other side (fifo(7))
	must(tb, err)
	tb.Cleanup(func() { _ = file.Close() })
	return gate{file, path}, "read -r _ <" + path
}

// open lets one command, or one turn of a loop, go on.
func (g gate) open(tb testing.TB) {
	tb.Helper()
	_, err := g.file.WriteString("\n")
	must(tb, err)
}

// python is the line of a cell that waits at the gate.
func (g gate) python() string { return fmt.Sprintf("open(%q, buffering=1).readline()", g.path) }

func TestOutput_Lines(t *testing.T) {
	t.Parallel()
	d := start(t)
	for _, c := range []struct {
		printed string
		want    []string
	}{
		{`a\nb\n`, []string{"a", "b"}},
		{`a\n\nb\n`, []string{"a", "\n", "b"}},
		{`\n`, []string{"\n"}},
		{`a\r\nb\r\n`, []string{"a", "b"}},
		{`\r\n\r\n`, []string{"\n", "\n"}},
		{`10%%\r20%%\r30%%\n`, []string{"10%", "20%", "30%"}},
		{`a\r\rb`, []string{"a", "\n", "b"}},
		{`a\n\rb`, []string{"a", "\n", "b"}},
		{`no end`, []string{"no end"}},
		{`a\nno end`, []string{"a", "no end"}},
		{`  spaces \t\n`, []string{"  spaces \t"}},
		{`data: x\n: y\nid: 9\n`, []string{"data: x", ": y", "id: 9"}},
		{`{"type":"error"}\n`, []string{`{"type":"error"}`}},
		{`\303\251\342\202\254\360\237\230\200\n`, []string{"é€😀"}},
		{`\302\205\342\200\250\342\200\251\v\f\034\035\036\n`, []string{"\u0085\u2028\u2029\v\f\x1c\x1d\x1e"}},
		{`a\000b\033[31m\177\n`, []string{"a\x00b\x1b[31m\x7f"}},
		{`a\377b\303\n`, []string{"a\ufffdb\ufffd"}},
		{`\355\240\200\n`, []string{"\ufffd\ufffd\ufffd"}}, // a lone surrogate
		{`cut \342\202`, []string{"cut \ufffd\ufffd"}},
		{``, []string{}},
	} {
		r := d.command(t, object{"command": `printf '` + c.printed + `'`})
		r.ends(t, success)
		if !slices.Equal(r.stdout(), c.want) {
			t.Errorf("%s: %q, want %q", c.printed, r.stdout(), c.want)
		}
		for _, e := range r {
			if i := strings.IndexFunc(e.Raw, func(c rune) bool { return c < ' ' || c == 0x85 || c == 0x2028 || c == 0x2029 }); i >= 0 {
				t.Errorf("%s: a separator of lines is not escaped in %q", c.printed, e.Raw)
			}
		}
	}
}

// Bytes that are not UTF-8 come exactly in base64, and all bytes at /executions/{id}/output.
func TestOutput_ExactBytes(t *testing.T) {
	t.Parallel()
	d := start(t)
	want := make([]byte, 0, 1<<10)
	for i := range 1 << 10 {
		if c := byte(i * 7); c != '\n' && c != '\r' {
			want = append(want, c)
		}
	}
	file := filepath.Join(d.dir, "bytes")
	must(t, os.WriteFile(file, want, 0o600))
	r := d.command(t, "cat "+file)
	var got []byte
	for _, e := range r.of("stdout") {
		got = append(got, e.bytes()...)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("events give %q, want %q", got, want)
	}
	a := d.ok(t, "GET", "/executions/"+r[0].Text+"/output", nil)
	if a.body != string(want) || a.header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("output gives %q as %q", a.body, a.header.Get("Content-Type"))
	}
}

func TestOutput_Live(t *testing.T) {
	t.Parallel()
	d := start(t)
	g, wait := newGate(t)
	s := d.openCommand(t, "echo out; "+wait+"; echo err >&2; "+wait+`; printf '\303'; `+wait+`; printf '\251\n'; printf tail; exit 3`)
	s.untilText(t, "out")
	if st := d.status(t, s.id); !st.Running || st.ExitCode != nil || st.FinishedAt != "" {
		t.Errorf("status in the middle: %+v", st)
	}
	g.open(t)
	if e := s.untilText(t, "err"); e.Type != "stderr" {
		t.Errorf("stderr comes as %s", e.Raw)
	}
	g.open(t)
	g.open(t)
	s.untilText(t, "é")
	s.untilText(t, "tail")
	s.rest(t).ends(t, exitStatus(3, "3"))
}

// A line longer than an event comes in parts; a frame never exceeds 1 MiB, even where each byte is escaped.
func TestOutput_LongLines(t *testing.T) {
	t.Parallel()
	d := start(t)
	for _, c := range []struct{ name, script, char string }{
		{"plain", `head -c 10485760 /dev/zero | tr '\0' x`, "x"},
		{"escaped", `head -c 1048576 /dev/zero | tr '\0' '\001'`, "\x01"},
		{"characters of three bytes", `printf '€%.0s' $(seq 200000)`, "€"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := d.command(t, c.script+"; echo; echo next")
			out := r.of("stdout")
			var line strings.Builder
			for i, e := range out[:len(out)-1] {
				line.WriteString(e.Text)
				if e.Partial != (i < len(out)-2) {
					t.Fatalf("part %d of %d has partial %v", i+1, len(out)-1, e.Partial)
				}
				if len(e.Raw) > 1<<20 || len(e.Base64) > 0 {
					t.Fatalf("part %d: a frame of %d bytes, %d of them in base64", i+1, len(e.Raw), len(e.Base64))
				}
			}
			if n := strings.Count(line.String(), c.char); n*len(c.char) != line.Len() || n < 200_000 {
				t.Errorf("%d bytes of %q came, %d of them others", line.Len(), c.char, line.Len()-n*len(c.char))
			}
			if out[len(out)-1].Text != "next" {
				t.Errorf("the last line is %.80q", out[len(out)-1].Text)
			}
		})
	}
}

func TestOutput_ManyLines(t *testing.T) {
	t.Parallel()
	d := start(t, "--log-memory", "256KiB")
	const n = 200_000
	r := d.command(t, fmt.Sprintf("seq %d; seq 1000 >&2", n))
	r.ends(t, success)
	for i, text := range r.stdout() {
		if text != strconv.Itoa(i+1) {
			t.Fatalf("line %d is %q", i+1, text)
		}
	}
	if len(r.stdout()) != n || len(r.stderr()) != 1000 {
		t.Errorf("%d lines and %d lines", len(r.stdout()), len(r.stderr()))
	}
}

func TestOutput_ParallelCommands(t *testing.T) {
	t.Parallel()
	d := start(t)
	const n = 40
	runs := make([]run, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			runs[i] = d.command(t, fmt.Sprintf("for i in $(seq 50); do echo %d; echo %d >&2; done; exit %d", i, i, i))
		})
	}
	all.Wait()
	ids := map[string]bool{}
	for i, r := range runs {
		want := slices.Repeat([]string{strconv.Itoa(i)}, 50)
		if !slices.Equal(r.stdout(), want) || !slices.Equal(r.stderr(), want) {
			t.Errorf("command %d printed %q and %q", i, r.stdout(), r.stderr())
		}
		if code := r.last().ExitCode; code == nil || *code != i {
			t.Errorf("command %d ended with %s", i, r.last().Raw)
		}
		ids[r[0].Text] = true
	}
	if len(ids) != n {
		t.Errorf("%d ids for %d commands", len(ids), n)
	}
}
