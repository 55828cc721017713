package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// small makes logs that soon lose their oldest events: a file of them is the unit in which that happens.
var small = []string{"--log-memory", "64KiB", "--log-disk", "1MiB"}

func TestEviction_IsAnnounced(t *testing.T) {
	t.Parallel()
	d := start(t, small...)
	id := d.background(t, "seq 300000")
	eventually(t, "its end", func() bool { return !d.status(t, id).Running })
	x := d.execution(t, id)
	if x.Oldest <= 1 || x.Last != 300_002 {
		t.Fatalf("events %d to %d are held", x.Oldest, x.Last)
	}
	f := d.fails(t, http.StatusGone, "EVENTS_EVICTED", http.MethodGet, "/executions/"+id+"/events", nil)
	if f.Oldest != x.Oldest {
		t.Errorf("the error names %d as the oldest, the execution %d", f.Oldest, x.Oldest)
	}
	d.fails(t, http.StatusGone, "EVENTS_EVICTED", http.MethodGet, fmt.Sprintf("/executions/%s/events?after=%d", id, x.Oldest-2), nil)
	rest := d.attach(t, id, x.Oldest-1).rest(t)
	if n := x.Last - x.Oldest + 1; int64(len(rest)) != n {
		t.Errorf("%d events of %d", len(rest), n)
	}
	rest.ends(t, success)
}

func TestEviction_OfBytes(t *testing.T) {
	t.Parallel()
	d := start(t, small...)
	const n = 30 << 20
	id := d.background(t, fmt.Sprintf("head -c %d /dev/zero", n))
	eventually(t, "its end", func() bool { return !d.status(t, id).Running })
	f := d.fails(t, http.StatusGone, "EVENTS_EVICTED", http.MethodGet, "/command/"+id+"/logs", nil)
	if f.Oldest <= 0 || f.Oldest >= n {
		t.Fatalf("the oldest of %d bytes is %d", n, f.Oldest)
	}
	d.fails(t, http.StatusGone, "EVENTS_EVICTED", http.MethodGet, fmt.Sprintf("/command/%s/logs?cursor=%d", id, f.Oldest-1), nil)
	if text, next := d.logs(t, id, int(f.Oldest)); next != n || len(text) != n-int(f.Oldest) {
		t.Errorf("from %d there are %d bytes up to %d", f.Oldest, len(text), next)
	}
}

// A reader that falls behind what is held is told so, in the stream, and the stream ends.
func TestEviction_UnderAReader(t *testing.T) {
	t.Parallel()
	d := start(t, small...)
	g, wait := newGate(t)
	id := d.background(t, "echo first; "+wait+"; seq 600000")
	s := d.attach(t, id, 0) // and reads no further than this
	s.untilText(t, "first")
	g.open(t)
	eventually(t, "its end", func() bool { return !d.status(t, id).Running })
	rest := s.rest(t)
	end := rest.last()
	if end.ID != 0 || end.Error == nil || end.Error.Name != "EventsEvicted" || end.Error.Value == "" {
		t.Errorf("it ends with %s behind event %d", end.Raw, s.after)
	}
}

// The client that started a run and reads it gets all, however small the limit: it paces the process.
func TestEviction_OwnerIsWaitedFor(t *testing.T) {
	t.Parallel()
	d := start(t, small...)
	r := d.command(t, "seq 300000")
	r.ends(t, success)
	if n := len(r.stdout()); n != 300_000 {
		t.Errorf("%d lines", n)
	}
}

// What an execution has on disk goes with it.
func TestEviction_FilesAreRemoved(t *testing.T) {
	t.Parallel()
	d := start(t, "--log-memory", "64KiB")
	before := len(filesIn(t, d.state))
	id := d.command(t, "seq 100000")[0].Text
	if len(filesIn(t, d.state)) <= before {
		t.Error("a long log has no files")
	}
	d.empty(t, http.MethodDelete, "/executions/"+id, nil)
	if left := filesIn(t, d.state); len(left) > before {
		t.Errorf("files are left: %v", left)
	}
}

// Where nothing can be written the oldest events go, the log says why, and execd serves on.
func TestEviction_NoDisk(t *testing.T) {
	t.Parallel()
	d := start(t, "--log-memory", "64KiB")
	dirs, err := filepath.Glob(filepath.Join(d.state, "execd-*"))
	must(t, err)
	for _, dir := range dirs { // a file where the folder was: not even root can write below it
		must(t, os.RemoveAll(dir))
		must(t, os.WriteFile(dir, nil, 0o600))
	}
	id := d.background(t, "seq 100000")
	eventually(t, "its end", func() bool { return !d.status(t, id).Running })
	x := d.execution(t, id)
	if x.Oldest <= 1 || x.Last != 100_002 {
		t.Errorf("events %d to %d are held", x.Oldest, x.Last)
	}
	d.attach(t, id, x.Oldest-1).rest(t).ends(t, success)
	d.command(t, "true").ends(t, success)
}

func TestRetention_OldestGo(t *testing.T) {
	t.Parallel()
	d := start(t, "--retention-count", "3")
	g, wait := newGate(t)
	running := d.background(t, wait)
	var ids []string
	for range 6 {
		ids = append(ids, d.command(t, "true")[0].Text)
	}
	eventually(t, "the oldest to go", func() bool { return len(get[[]execution](t, d, "/executions?state=ended")) == 3 })
	for i, x := range get[[]execution](t, d, "/executions?state=ended") {
		if x.ID != ids[3+i] {
			t.Errorf("%d. is %s, want %s", i+1, x.ID, ids[3+i])
		}
	}
	d.fails(t, http.StatusNotFound, "EXECUTION_NOT_FOUND", http.MethodGet, "/executions/"+ids[0], nil)
	if st := d.status(t, running); !st.Running {
		t.Errorf("what runs is not retained: %+v", st)
	}
	g.open(t)
}
