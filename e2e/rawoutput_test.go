package e2e_test

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"
)

// raw reads the exact output of an execution.
func (d *daemon) raw(tb testing.TB, id, query string, h ...string) answer {
	tb.Helper()
	return d.call(tb, http.MethodGet, "/executions/"+id+"/output"+query, nil, h...)
}

// await waits for the end of an execution without reading what it prints.
func (d *daemon) await(tb testing.TB, id string) {
	tb.Helper()
	if a := d.call(tb, http.MethodGet, "/executions/"+id+"/wait?for=exit", nil); a.status != http.StatusOK {
		tb.Fatalf("wait for %s: %d %s", id, a.status, a.body)
	}
}

func TestRawOutput_Exact(t *testing.T) {
	t.Parallel()
	d := start(t)
	data, path := oddBytes(t, t.TempDir())
	runners := d.runners(t)
	delete(runners, "background") // has one pipe for both, which keeps their order
	for name, runs := range runners {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := runs(object{"command": "cat " + path + "; printf '\\0\\1\\377' >&2"})
			id := r[0].ExecutionID
			for query, want := range map[string][]byte{
				"?stream=stdout": data, "?stream=stderr": {0, 1, 255}, "?stream=stderr&offset=2": {255}, "?stream=stderr&offset=3": {},
				"?stream=stderr&offset=9": {}, fmt.Sprintf("?stream=stdout&offset=%d", len(data)-1): {255},
			} {
				a := d.raw(t, id, query)
				if a.status != http.StatusOK || a.body != string(want) {
					t.Errorf("%s: %d with %d bytes, want %d, or they differ", query, a.status, len(a.body), len(want))
				}
				if a.header.Get("Content-Length") != itoa(len(want)) || a.header.Get("Content-Type") != "application/octet-stream" {
					t.Errorf("%s: %v", query, a.header)
				}
			}
			for _, query := range []string{"", "?stream=both", "?stream=&offset="} {
				a := d.raw(t, id, query)
				both := []byte(a.body)
				if at := bytes.Index(both, []byte{0, 1, 255}); len(both) != len(data)+3 || at < 0 {
					t.Errorf("%s: %d bytes, want %d", query, len(both), len(data)+3)
				}
				if end := a.header.Get("X-Execd-Output-End"); end != itoa(len(data)+3) {
					t.Errorf("%s: it ends at %s", query, end)
				}
			}
		})
	}
}

func TestRawOutput_Ranges(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := d.command(t, "printf 0123456789; printf abc >&2").at(0).ExecutionID
	for _, c := range []struct {
		query, ask, content, body string
		status                    int
	}{
		{"?stream=stdout", "bytes=0-3", "bytes 0-3/10", "0123", 206},
		{"?stream=stdout", "bytes=7-", "bytes 7-9/10", "789", 206},
		{"?stream=stdout", "bytes=-4", "bytes 6-9/10", "6789", 206},
		{"?stream=stdout", "bytes=-400", "bytes 0-9/10", "0123456789", 206},
		{"?stream=stdout", "bytes=8-400", "bytes 8-9/10", "89", 206},
		{"?stream=stderr", "bytes=1-1", "bytes 1-1/3", "b", 206},
		{"?stream=stdout&offset=5", "bytes=1-2", "bytes 1-2/5", "67", 206},
		{"?stream=stdout", "bytes=10-", "bytes */10", "", 416},
		{"?stream=stdout", "bytes=5-2", "", "", 416},
		{"?stream=stdout", "words=1-2", "", "", 416},
	} {
		a := d.raw(t, id, c.query, "Range", c.ask)
		if a.status != c.status || c.content != "" && a.header.Get("Content-Range") != c.content {
			t.Errorf("%s of %s: %d, %q", c.ask, c.query, a.status, a.header.Get("Content-Range"))
		}
		if c.status == http.StatusPartialContent && (a.body != c.body || a.header.Get("Content-Length") != itoa(len(c.body))) {
			t.Errorf("%s of %s: %q", c.ask, c.query, a.body)
		}
		if c.status == http.StatusRequestedRangeNotSatisfiable {
			a.checkFailure(t, c.status, "UNKNOWN", c.ask)
		}
	}
}

func (r run) at(i int) event { return r[i] }

// While it runs each answer goes on where the one before ended, and the range is that of what is there.
func TestRawOutput_WhileItRuns(t *testing.T) {
	t.Parallel()
	d := start(t)
	g, wait := newGate(t)
	s := d.openCommand(t, asBytes("printf 'one\\377'; "+wait+"; printf err >&2; "+wait+"; printf two; "+wait))
	next, got := "0", ""
	for i, want := range []string{"one\xff", "err", "two"} {
		s.until(t, "output", func(e event) bool { return string(e.bytes()) == want })
		a := d.raw(t, s.id, "?offset="+next)
		if a.status != http.StatusOK || a.body != want {
			t.Errorf("from %s on there is %q, want %q", next, a.body, want)
		}
		got, next = got+a.body, a.header.Get("X-Execd-Output-End")
		if a = d.raw(t, s.id, "", "Range", "bytes=-1"); a.body != got[len(got)-1:] {
			t.Errorf("after %q the last byte is %q", got, a.body)
		}
		if i < 2 {
			g.open(t)
		}
	}
	g.open(t)
	s.rest(t).ends(t, success)
	if a := d.raw(t, s.id, "?stream=stdout"); a.body != "one\xfftwo" {
		t.Errorf("after the end: %q", a.body)
	}
}

// A large output is sent whole, also while the client takes its time.
func TestRawOutput_Large(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := d.background(t, "seq 2000000")
	d.await(t, id)
	a := d.raw(t, id, "?stream=stdout")
	lines := bytes.Split([]byte(a.body), []byte("\n"))
	if len(lines) != 2_000_001 || string(lines[1_999_999]) != "2000000" || string(lines[999]) != "1000" {
		t.Errorf("%d lines", len(lines))
	}
	part := d.raw(t, id, "?stream=stdout", "Range", "bytes=5000000-5999999")
	if part.body != a.body[5_000_000:6_000_000] {
		t.Errorf("a part of %d bytes differs", len(part.body))
	}
}

func TestRawOutput_Refused(t *testing.T) {
	t.Parallel()
	d := start(t, "--log-memory", "64KiB", "--log-disk", "8MiB")
	id := d.command(t, "echo hi").at(0).ExecutionID
	for _, query := range []string{"?stream=stdin", "?stream=1", "?offset=-1", "?offset=x", "?offset=1.5"} {
		d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodGet, "/executions/"+id+"/output"+query, nil)
	}
	d.fails(t, http.StatusNotFound, "EXECUTION_NOT_FOUND", http.MethodGet, "/executions/nobody/output", nil)
	big := d.background(t, "yes 0123456789 | head -c 40000000")
	d.await(t, big)
	gone := d.fails(t, http.StatusGone, "EVENTS_EVICTED", http.MethodGet, "/executions/"+big+"/output", nil)
	if gone.Oldest <= 0 || gone.Oldest >= 40_000_000 {
		t.Fatalf("the oldest is %d", gone.Oldest)
	}
	a := d.raw(t, big, fmt.Sprintf("?offset=%d", gone.Oldest))
	if a.status != http.StatusOK || int64(len(a.body)) != 40_000_000-gone.Oldest {
		t.Errorf("%d: %d bytes from the oldest on", a.status, len(a.body))
	}
}
