package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// frames reads a stream of /executions as bytes, up to its end or the limit, and returns what is whole of it.
func (d *daemon) frames(tb testing.TB, id string, after, limit int64) (whole []byte, status int) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel() // cuts the connection wherever it is
	r, err := d.send(ctx, http.MethodGet, "/executions/"+id+"/events", nil, "Last-Event-ID", strconv.FormatInt(after, 10))
	must(tb, err)
	defer r.Body.Close()
	text, err := io.ReadAll(io.LimitReader(r.Body, limit))
	must(tb, err)
	end := bytes.LastIndex(text, []byte("\n\n"))
	if end < 0 {
		return nil, r.StatusCode
	}
	var kept []byte
	for frame := range strings.SplitAfterSeq(string(text[:end+2]), "\n\n") {
		if strings.HasPrefix(frame, "id: ") { // a ping has none
			kept = append(kept, frame...)
		}
	}
	return kept, r.StatusCode
}

// lastID is that of the last of some frames.
func lastID(tb testing.TB, frames []byte) int64 {
	tb.Helper()
	if at := bytes.LastIndex(frames, []byte("\n\nid: ")); at >= 0 {
		frames = frames[at+2:]
	}
	line, _, _ := bytes.Cut(frames, []byte("\n"))
	id, err := strconv.ParseInt(strings.TrimPrefix(string(line), "id: "), 10, 64)
	must(tb, err)
	return id
}

// resumed reads an execution over connections that break at a random byte, and calls step after each.
func (d *daemon) resumed(tb testing.TB, id string, random *rand.Rand, step func()) []byte {
	tb.Helper()
	var all []byte
	after := int64(0)
	for {
		part, status := d.frames(tb, id, after, 1+random.Int64N(6000))
		if status == http.StatusNoContent {
			return all
		}
		if status != http.StatusOK {
			tb.Fatalf("status %d behind event %d", status, after)
		}
		if all = append(all, part...); len(part) > 0 {
			after = lastID(tb, part)
		}
		step()
	}
}

func TestAttach_RandomCuts(t *testing.T) {
	t.Parallel()
	d := start(t, "--log-memory", "64KiB")
	g, wait := newGate(t)
	const turns = 25
	id := d.background(t, fmt.Sprintf("for i in $(seq %d); do seq 120; echo; printf 'é\\377\\n' >&2; %s; done; exit 6", turns, wait))
	uncut := make(chan []byte, 1)
	go func() {
		all, _ := d.frames(t, id, 0, 1<<30)
		uncut <- all
	}()
	var all sync.WaitGroup
	joined := make([][]byte, 3)
	var mu sync.Mutex
	opened := 0
	for i := range joined {
		all.Go(func() {
			joined[i] = d.resumed(t, id, rand.New(rand.NewPCG(uint64(i), 7)), func() {
				mu.Lock()
				defer mu.Unlock()
				opened++
				if opened <= turns {
					g.open(t)
				}
			})
		})
	}
	all.Wait()
	want := <-uncut
	for i, got := range joined {
		if !bytes.Equal(got, want) {
			t.Errorf("reader %d joined %d bytes that differ from the %d of one uncut", i, len(got), len(want))
		}
	}
	if !bytes.Contains(want, []byte(`"exit_code":6`)) || bytes.Count(want, []byte("\n\n")) != 2+turns*122 {
		t.Errorf("the uncut stream has %d events", bytes.Count(want, []byte("\n\n")))
	}
}

// The client that started a run may break off in the middle of an event too: the run goes on, and is read on.
func TestAttach_AfterDisconnect(t *testing.T) {
	t.Parallel()
	d := start(t)
	g, wait := newGate(t)
	s := d.openCommand(t, "echo one; "+wait+"; echo two; exit 5")
	one := s.untilText(t, "one")
	s.close()
	if st := d.status(t, s.id); !st.Running {
		t.Errorf("after the disconnect: %+v", st)
	}
	g.open(t)
	rest := d.attach(t, s.id, one.ID).rest(t)
	if len(rest) != 2 || rest[0].Text != "two" {
		t.Errorf("the rest is %+v", rest)
	}
	rest.ends(t, exitStatus(5, "5"))
	if st := d.status(t, s.id); st.Running || *st.ExitCode != 5 {
		t.Errorf("at the end: %+v", st)
	}
}

func TestAttach_Replay(t *testing.T) {
	t.Parallel()
	d := start(t)
	first := d.command(t, "seq 5; exit 2")
	id, last := first[0].Text, first.last().ID
	events := "/executions/" + id + "/events"
	for after := range last {
		rest := d.attach(t, id, after).rest(t)
		if len(rest) != int(last-after) {
			t.Fatalf("behind %d there are %d events", after, len(rest))
		}
		for i, e := range rest {
			if want := first[int(after)+i]; e.Raw != want.Raw || e.ID != want.ID {
				t.Errorf("behind %d: event %d is %s, was %s", after, e.ID, e.Raw, want.Raw)
			}
		}
	}
	s := d.open(t, http.MethodGet, events, nil, "Last-Event-ID", "3")
	if s.after = 3; len(s.rest(t)) != int(last)-3 {
		t.Error("Last-Event-ID is not heeded")
	}
	s = d.open(t, http.MethodGet, events+"?after=4", nil, "Last-Event-ID", "1")
	if s.after = 4; len(s.rest(t)) != int(last)-4 {
		t.Error("the parameter does not win over the header")
	}
	for _, past := range []int64{last, last + 1, 1 << 40} {
		if a := d.call(t, http.MethodGet, fmt.Sprintf("%s?after=%d", events, past), nil); a.status != http.StatusNoContent || a.body != "" {
			t.Errorf("behind %d: %d %q", past, a.status, a.body)
		}
	}
	for _, bad := range []string{"-1", "x", "1.5", "99999999999999999999"} {
		d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodGet, events+"?after="+bad, nil)
		d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodGet, events, nil, "Last-Event-ID", bad)
	}
	d.fails(t, http.StatusNotFound, "EXECUTION_NOT_FOUND", http.MethodGet, "/executions/nobody/events", nil)
}

func TestAttach_ManyReaders(t *testing.T) {
	t.Parallel()
	d := start(t)
	g, wait := newGate(t)
	s := d.openCommand(t, "for i in $(seq 10); do seq 100; "+wait+"; done")
	s.untilText(t, "100")
	runs := make([]run, 20)
	var all sync.WaitGroup
	for i := range runs {
		reader := d.attach(t, s.id, int64(i))
		all.Go(func() { runs[i] = reader.rest(t) })
	}
	if n := d.execution(t, s.id).Readers; n != len(runs)+1 {
		t.Errorf("%d readers, want %d", n, len(runs)+1)
	}
	for range 10 {
		g.open(t)
	}
	all.Wait()
	for i, r := range runs {
		if len(r) != 1002-i || r[0].ID != int64(i+1) || !r.last().terminal() {
			t.Errorf("reader %d got %d events, the last is %s", i, len(r), r.last().Raw)
		}
	}
	s.rest(t).ends(t, success)
}
