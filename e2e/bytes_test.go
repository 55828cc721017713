package e2e_test

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// asBytes is a request for output as it comes.
func asBytes(script string) object { return object{"command": script, "output": "bytes"} }

// all is what a stream has carried, exactly.
func (r run) all(kind string) []byte {
	var b bytes.Buffer
	for _, e := range r.of(kind) {
		b.Write(e.bytes())
	}
	return b.Bytes()
}

// runners run a script to its end with further fields, as a command, in the background, and in a session.
func (d *daemon) runners(tb testing.TB) map[string]func(body object) run {
	tb.Helper()
	return map[string]func(object) run{
		"command": func(body object) run { return d.command(tb, body) },
		"background": func(body object) run {
			return d.attach(tb, d.background(tb, body["command"].(string), body), 0).complete(tb)
		},
		"session": func(body object) run { return d.newSession(tb, nil).run(tb, body) },
	}
}

// Chunks come at once, with their newlines: also a prompt, which has none.
func TestBytes_AsTheyCome(t *testing.T) {
	t.Parallel()
	d := start(t)
	session := d.newSession(t, nil)
	g, wait := newGate(t)
	for _, path := range []string{"/command", "/session/" + session.ID + "/run"} {
		s := d.open(t, http.MethodPost, path,
			asBytes("printf 'Name: '; "+wait+"; printf 'a\\n\\nb\\r\\n'; "+wait+"; printf ' ' >&2; "+wait+"; printf '\\n'"))
		for _, want := range []string{"Name: ", "a\n\nb\r\n", " ", "\n"} {
			got := ""
			for got != want { // bash writes what it prints line by line
				e := s.until(t, "output", func(e event) bool { return e.Type == "stdout" || e.Type == "stderr" })
				if got += e.Text; e.Partial || (want == " ") != (e.Type == "stderr") || !strings.HasPrefix(want, got) {
					t.Fatalf("%q came as %s", want, e.Raw)
				}
			}
			if want != "\n" {
				g.open(t)
			}
		}
		s.rest(t).ends(t, success)
	}
}

// A character that comes in two pieces is one; what is none has its bytes in base64.
func TestBytes_Characters(t *testing.T) {
	t.Parallel()
	d := start(t)
	g, wait := newGate(t)
	s := d.openCommand(t, asBytes("printf 'a\\342'; "+wait+"; printf '\\202'; "+wait+"; printf '\\254'; "+wait+
		"; printf '\\360\\237x'; printf '\\303'"))
	s.untilText(t, "a")
	g.open(t)
	g.open(t)
	if e := s.untilText(t, "€"); len(e.Base64) > 0 {
		t.Errorf("a character in three pieces came as %s", e.Raw)
	}
	g.open(t)
	r := s.rest(t)
	if got := r.all("stdout"); string(got) != "\xf0\x9fx\xc3" {
		t.Errorf("%q", got)
	}
	for _, e := range r.of("stdout") {
		if !utf8.ValidString(e.Text) || len(e.Base64) == 0 || !strings.Contains(e.Text, "\ufffd") {
			t.Errorf("it came as %s", e.Raw)
		}
	}
}

// oddBytes has every byte, in no order, with lines of all lengths, some beyond what one event carries.
func oddBytes(tb testing.TB, dir string) (data []byte, path string) {
	tb.Helper()
	data = make([]byte, 1<<20)
	random := rand.NewChaCha8([32]byte{2})
	_, _ = random.Read(data) // never fails
	text := bytes.Repeat([]byte("a line of text, with ä and €\n"), 2000)
	long := bytes.ReplaceAll(data[:500_000], []byte("\n"), []byte("\xff"))
	long = bytes.ReplaceAll(long, []byte("\r"), []byte("\xfe"))
	data = slices.Concat(text, data, []byte("\n"), long, []byte("\n"), text, []byte("no end \xff"))
	path = dir + "/data"
	must(tb, os.WriteFile(path, data, 0o600))
	return data, path
}

func TestBytes_Exact(t *testing.T) {
	t.Parallel()
	d := start(t)
	data, path := oddBytes(t, t.TempDir())
	for name, runs := range d.runners(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := runs(asBytes("cat " + path + "; cat " + path + " >&2"))
			r.ends(t, success)
			want := map[string][]byte{"stdout": data, "stderr": data}
			if name == "background" { // has one pipe for both, which keeps their order
				want = map[string][]byte{"stdout": slices.Concat(data, data), "stderr": nil}
			}
			for kind, data := range want {
				if got := r.all(kind); !bytes.Equal(got, data) {
					t.Errorf("%d bytes of %s came, want %d, or they differ", len(got), kind, len(data))
				}
			}
			checkBase64(t, r)
		})
	}
}

// checkBase64: it is there exactly where the text had to be changed, and no frame is too long for a client.
func checkBase64(t *testing.T, r run) {
	t.Helper()
	for _, e := range r {
		if (len(e.Base64) > 0) == utf8.Valid(e.bytes()) {
			t.Fatalf("base64 of text, or text that needs it: %.200s", e.Raw)
		}
		if len(e.Base64) > 0 && e.Text != strings.ToValidUTF8(string(e.Base64), "\ufffd") && strings.Count(e.Text, "\ufffd") == 0 {
			t.Fatalf("the text of the bytes %.80q is %.80q", e.Base64, e.Text)
		}
		if len(e.Raw) > 1<<20 {
			t.Fatalf("a frame of %d bytes", len(e.Raw))
		}
	}
}

// In lines mode the same bytes come as lines, whose ends can be told: only "\n", "\r\n" and "\r" are left out.
func TestBytes_Lines(t *testing.T) {
	t.Parallel()
	d := start(t)
	data, path := oddBytes(t, t.TempDir())
	var want [][]byte
	ends := bytes.ReplaceAll(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	for line := range bytes.SplitSeq(ends, []byte("\n")) {
		want = append(want, line)
	}
	for name, runs := range d.runners(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := runs(object{"command": "cat " + path})
			checkBase64(t, r)
			var got [][]byte
			var line []byte
			parts := 0
			for _, e := range r.of("stdout") {
				piece := e.bytes()
				if string(piece) == "\n" && line == nil {
					piece = nil // how an empty line comes
				}
				if line = append(line, piece...); e.Partial {
					parts++
					continue
				}
				got, line = append(got, line), nil
			}
			if !slices.EqualFunc(got, want, bytes.Equal) {
				t.Errorf("%d lines came, want %d, or they differ", len(got), len(want))
			}
			if parts < 2 {
				t.Errorf("the long line came in %d parts", parts+1)
			}
		})
	}
}

// Two read at once, one of them not at all for the time being: each gets everything.
func TestBytes_StalledReader(t *testing.T) {
	t.Parallel()
	d := start(t)
	g, wait := newGate(t)
	session := d.newSession(t, nil)
	for _, path := range []string{"/command", "/session/" + session.ID + "/run"} {
		s := d.open(t, http.MethodPost, path, asBytes("printf begun; "+wait+"; seq 1000000; printf 'end\\n' >&2"))
		s.untilText(t, "begun")
		stalled := d.attach(t, s.id, 0)
		stalled.untilText(t, "begun")
		g.open(t)
		first := s.rest(t)
		first.ends(t, success)
		second := stalled.rest(t)
		var want strings.Builder
		for i := range 1_000_000 {
			want.WriteString(strconv.Itoa(i + 1))
			want.WriteByte('\n')
		}
		for name, r := range map[string]run{"the first": first, "the stalled": second} {
			if got := string(r.all("stdout")); got != want.String() || string(r.all("stderr")) != "end\n" {
				t.Errorf("%s: %s reader got %d bytes, want %d, or they differ", path, name, len(got), want.Len())
			}
		}
	}
}

// text is what a stream has carried of both streams, in its order.
func (r run) text() []byte {
	var b bytes.Buffer
	for _, e := range r {
		if e.Type == "stdout" || e.Type == "stderr" {
			b.Write(e.bytes())
		}
	}
	return b.Bytes()
}

// Events and exact bytes agree, also while both are read as the command prints.
func TestBytes_AgreesWithOutput(t *testing.T) {
	t.Parallel()
	d := start(t)
	g, wait := newGate(t)
	s := d.openCommand(t, asBytes("printf begun; "+wait+"; for i in 1 2 3 4 5 6 7 8; do seq $i 100000; seq 30 >&2; done"))
	s.untilText(t, "begun")
	g.open(t)
	meanwhile := make(chan []byte)
	go func() {
		defer close(meanwhile)
		var all []byte
		for range 30 {
			all = append(all, d.raw(t, s.id, "?offset="+itoa(len(all))).body...)
		}
		meanwhile <- all
	}()
	r := s.rest(t)
	r.ends(t, success)
	all := append([]byte("begun"), r.text()...)
	if first := <-meanwhile; !bytes.HasPrefix(all, first) {
		t.Errorf("the %d bytes read meanwhile are not those of the events", len(first))
	}
	if got := d.raw(t, s.id, "").body; got != string(all) {
		t.Errorf("%d bytes of output, and %d of events, or they differ", len(got), len(all))
	}
	if got := d.attach(t, s.id, 0).rest(t).text(); !bytes.Equal(got, all) {
		t.Errorf("read again it is %d bytes, want %d, or they differ", len(got), len(all))
	}
}

// What evicts bytes evicts the events that are made of them, and no others.
func TestBytes_Eviction(t *testing.T) {
	t.Parallel()
	d := start(t, small...)
	id := d.background(t, "seq 1000000", object{"output": "bytes"})
	eventually(t, "its end", func() bool { return !d.status(t, id).Running })
	x := d.execution(t, id)
	gone := d.fails(t, http.StatusGone, "EVENTS_EVICTED", http.MethodGet, "/executions/"+id+"/events", nil)
	if gone.Oldest != x.Oldest || x.Oldest < 3 {
		t.Errorf("the error names %d as the oldest, the execution %d", gone.Oldest, x.Oldest)
	}
	first := d.fails(t, http.StatusGone, "EVENTS_EVICTED", http.MethodGet, "/executions/"+id+"/output", nil).Oldest
	rest := d.attach(t, id, x.Oldest-1).rest(t)
	rest.ends(t, success)
	bytesLeft, text := d.raw(t, id, "?offset="+itoa(int(first))).body, string(rest.text())
	if !strings.HasSuffix(bytesLeft, text) || len(bytesLeft)-len(text) > 128<<10 || len(text) < 512<<10 {
		t.Errorf("%d bytes of events are left, and %d of the output", len(text), len(bytesLeft))
	}
	r := d.command(t, asBytes("seq 1000000"))
	r.ends(t, success)
	if n := len(r.text()); n != 6_888_896 {
		t.Errorf("who started it got %d bytes", n)
	}
}
