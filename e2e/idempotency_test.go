package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestIdempotency_OneExecution(t *testing.T) {
	t.Parallel()
	d := start(t)
	file := filepath.Join(d.dir, "runs")
	body := object{"command": "echo run >>" + file + "; echo done"}
	first := d.command(t, body, "Idempotency-Key", "k1")
	again := d.command(t, body, "Idempotency-Key", "k1")
	if first[0].Text != again[0].Text || len(first) != len(again) {
		t.Errorf("the second answer is of %s, the first of %s", again[0].Raw, first[0].Raw)
	}
	for i := range first {
		if first[i].Raw != again[i].Raw {
			t.Errorf("event %d: %s, and again %s", i+1, first[i].Raw, again[i].Raw)
		}
	}
	if d.command(t, body, "Idempotency-Key", "k2")[0].Text == first[0].Text || d.command(t, body)[0].Text == first[0].Text {
		t.Error("another key, or none, gives the same execution")
	}
	text, err := os.ReadFile(file)
	must(t, err)
	if n := strings.Count(string(text), "run"); n != 3 {
		t.Errorf("it ran %d times, want 3", n)
	}
}

func TestIdempotency_Concurrent(t *testing.T) {
	t.Parallel()
	d := start(t)
	file := filepath.Join(d.dir, "runs")
	g, wait := newGate(t)
	body := object{"command": "echo run >>" + file + "; " + wait + "; exit 3"}
	streams := make([]*stream, 20)
	var all sync.WaitGroup
	for i := range streams {
		all.Go(func() { streams[i] = d.openCommand(t, body, "Idempotency-Key", "k") })
	}
	all.Wait()
	g.open(t)
	for _, s := range streams {
		if s.id != streams[0].id {
			t.Errorf("executions %s and %s", s.id, streams[0].id)
		}
		s.complete(t).ends(t, exitStatus(3, "3"))
	}
	text, err := os.ReadFile(file)
	must(t, err)
	if string(text) != "run\n" {
		t.Errorf("it ran more than once: %q", text)
	}
}

func TestIdempotency_KeyOfAnother(t *testing.T) {
	t.Parallel()
	d := start(t)
	key := []string{"Idempotency-Key", "k"}
	d.command(t, "true", key...)
	const taken = "IDEMPOTENCY_KEY_REUSED"
	d.fails(t, http.StatusUnprocessableEntity, taken, http.MethodPost, "/command", object{"command": "false"}, key...)
	same := object{"command": "true", "code": "true"} // for another path
	d.fails(t, http.StatusUnprocessableEntity, taken, http.MethodPost, "/code", same, key...)
	d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodPost, "/command", object{"command": "true"},
		"Idempotency-Key", strings.Repeat("k", 10_000))
	// What was refused has not used its key up.
	bad := object{"command": "true", "cwd": "/no/such"}
	d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodPost, "/command", bad, "Idempotency-Key", "k3")
	d.command(t, "true", "Idempotency-Key", "k3").ends(t, success)
}

func TestIdempotency_Background(t *testing.T) {
	t.Parallel()
	d := start(t)
	g, wait := newGate(t)
	body := object{"command": wait + "; echo done", "background": true}
	key := []string{"Idempotency-Key", "k"}
	one := d.open(t, http.MethodPost, "/command", body, key...)
	two := d.open(t, http.MethodPost, "/command", body, key...)
	if one.id != two.id {
		t.Errorf("executions %s and %s", one.id, two.id)
	}
	g.open(t)
	d.attach(t, one.id, 0).complete(t).ends(t, success)
}
