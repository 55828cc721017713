package e2e_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// framings is what a client may say of itself, and how the stream is then written.
var framings = []struct {
	name   string
	header []string
	kind   string
	frame  string // of an event, with its ID and its JSON
}{
	{"standard", nil, "text/event-stream", "id: ID\ndata: JSON\n\n"},
	{"SDK", []string{"User-Agent", "OpenSandbox-JS-SDK/0.1.11"}, "text/event-stream", "JSON\n\n"},
	{"NDJSON", []string{"Accept", "application/x-ndjson"}, "application/x-ndjson", "JSON\n"},
	{"NDJSON among others", []string{"Accept", "text/event-stream;q=0.5, application/x-ndjson"}, "application/x-ndjson", "JSON\n"},
}

// format writes a run as a stream of the given frames.
func (r run) format(frame string) string {
	var b strings.Builder
	for _, e := range r {
		b.WriteString(strings.NewReplacer("ID", strconv.FormatInt(e.ID, 10), "JSON", e.Raw).Replace(frame))
	}
	return b.String()
}

func TestFraming_ByClient(t *testing.T) {
	t.Parallel()
	d := start(t)
	r := d.command(t, `printf 'a\n\n\377\nend'; echo oops >&2; exit 3`)
	events := "/executions/" + r[0].Text + "/events"
	for _, f := range framings {
		a := d.ok(t, http.MethodGet, events, nil, f.header...)
		if want := r.format(f.frame); a.body != want {
			t.Errorf("%s:\n%q, want\n%q", f.name, a.body, want)
		}
		for name, want := range map[string]string{
			"Content-Type": f.kind, "Cache-Control": "no-cache", "X-Accel-Buffering": "no", "X-Execd-Execution-Id": r[0].Text,
		} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", f.name, name, got, want)
			}
		}
	}
	bare := d.ok(t, http.MethodPost, "/command", object{"command": "true", "background": true}, "User-Agent", "OpenSandbox-Go-SDK/1")
	if lines := strings.Split(bare.body, "\n"); len(lines) != 5 || !strings.HasPrefix(lines[0], "{") || !strings.HasPrefix(lines[2], "{") {
		t.Errorf("a background start in bare lines is %q", bare.body)
	}
}

func TestFraming_Forced(t *testing.T) {
	t.Parallel()
	for format, frame := range map[string]string{"sse": "id: ID\ndata: JSON\n\n", "json": "JSON\n\n"} {
		plain := start(t)
		r := plain.command(t, "echo hi")
		d := start(t, "--stream-format", format)
		for _, f := range framings {
			a := d.ok(t, http.MethodPost, "/command", object{"command": "echo hi"}, f.header...)
			if got, want := shape(a.body), shape(r.format(frame)); got != want {
				t.Errorf("%s for the client %q: %q, want %q", format, f.name, got, want)
			}
		}
	}
}

// shape is a stream without what differs from run to run.
func shape(stream string) string {
	var b strings.Builder
	for line := range strings.Lines(stream) {
		if before, _, ok := strings.Cut(line, "{"); ok {
			line = before + "{}\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

// Silence is broken by a ping, which is in no log and so has no id; output goes on after it.
func TestFraming_Ping(t *testing.T) {
	t.Parallel()
	d := start(t)
	g, wait := newGate(t)
	s := d.openCommand(t, "echo before; "+wait+"; echo after")
	s.untilText(t, "before")
	for range 2 {
		e, err := s.frame()
		must(t, err)
		if e.Type != "ping" || e.ID != 0 || e.Text != "pong" {
			t.Errorf("in the silence comes %s", e.Raw)
		}
	}
	g.open(t)
	s.untilText(t, "after")
	s.rest(t).ends(t, success)
	if strings.Contains(d.ok(t, http.MethodGet, "/executions/"+s.id+"/events", nil).body, "ping") {
		t.Error("the ping is in the log")
	}
}

func TestFraming_Curl(t *testing.T) {
	t.Parallel()
	d := start(t)
	out := d.curl(t, "-X", "POST", "http://D/command", "-d", `{"command":"echo hi"}`)
	if !strings.HasPrefix(out, "id: 1\ndata: ") || !strings.Contains(out, `data: {"type":"stdout","text":"hi",`) ||
		!strings.HasSuffix(out, "}\n\n") {
		t.Errorf("curl prints %q", out)
	}
	out = d.curl(t, "-X", "POST", "http://D/command", "-H", "Accept: application/x-ndjson", "-d", `{"command":"echo hi"}`)
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, "{") || !strings.HasSuffix(line, "}\n") {
			t.Errorf("a line of NDJSON is %q", line)
		}
	}
	// One connection carries several streams: each ends without ending it.
	out = d.curl(t, "-w", "connects=%{num_connects}\n", "-X", "POST", "http://D/command", "-d", `{"command":"true"}`,
		"--next", "-sS", "-w", "connects=%{num_connects}\n", "-X", "POST", "http://D/command", "-d", `{"command":"true"}`)
	if !strings.Contains(out, "connects=1\n") || !strings.Contains(out, "connects=0\n") {
		t.Errorf("two streams over one connection: %q", out)
	}
}

// A run is answered with init at once, whatever it does: clients stop their clock for the first byte.
func TestFraming_InitAtOnce(t *testing.T) {
	t.Parallel()
	d := start(t)
	_, wait := newGate(t)
	s := d.openCommand(t, wait)
	e, err := s.frame()
	must(t, err)
	if e.Type != "init" || e.Text != s.id || e.ExecutionID != s.id || len(s.id) != 32 {
		t.Errorf("first comes %s", e.Raw)
	}
	if n := s.lines.Buffered(); n != 0 {
		t.Errorf("and %d bytes more", n)
	}
}
