package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestContext_Lifecycle(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t)
	list := func(query string) string {
		var ids []string
		for _, c := range get[[]codeContext](t, d, "/code/contexts"+query) {
			ids = append(ids, c.ID)
		}
		return strings.Join(ids, " ")
	}
	if a := d.ok(t, http.MethodGet, "/code/contexts", nil); strings.TrimSpace(a.body) != "[]" {
		t.Errorf("no contexts are %q", a.body)
	}
	dir := filepath.Join(d.dir, "made", "by execd")
	one := d.newContext(t, object{"cwd": dir, "envs": object{"OF_ONE": "yes"}})
	if one.Language != "python" || one.Cwd != dir || one.ID == "" || one.State != "idle" {
		t.Errorf("created %+v", one)
	}
	if r := d.code(t, in(one.ID, "import os; x = 1; print(os.getcwd(), os.environ['OF_ONE'])")); r.output() != dir+" yes\n" {
		t.Errorf("%q: %s", r.output(), r.last().Raw)
	}
	standard := d.code(t, "'x' in globals()") // the default context, which is another one
	checkResult(t, standard, "False")
	both := one.ID + " " + standard[0].Text
	if got := list(""); got != both || list("?language=python") != both || list("?language=Python") != both || list("?language=go") != "" {
		t.Errorf("listed are %q, want %q", got, both)
	}
	if got := get[codeContext](t, d, "/code/contexts/"+one.ID); got.ID != one.ID || got.Language != "python" {
		t.Errorf("%+v", got)
	}

	d.empty(t, http.MethodDelete, "/code/contexts/"+one.ID, nil)
	d.fails(t, http.StatusNotFound, "CONTEXT_NOT_FOUND", http.MethodDelete, "/code/contexts/"+one.ID, nil)
	d.fails(t, http.StatusNotFound, "CONTEXT_NOT_FOUND", http.MethodGet, "/code/contexts/"+one.ID, nil)
	d.fails(t, http.StatusNotFound, "CONTEXT_NOT_FOUND", http.MethodPost, "/code", in(one.ID, "1"))
	d.empty(t, http.MethodDelete, "/code/contexts?language=go", nil)
	if got := list(""); got != standard[0].Text {
		t.Errorf("left is %q", got)
	}
	d.empty(t, http.MethodDelete, "/code/contexts?language=python", nil)
	if got := list(""); got != "" {
		t.Errorf("left is %q", got)
	}
	eventually(t, "the end of the kernels", func() bool { return len(d.kernels()) == 0 })
	if again := d.code(t, "1"); again[0].Text == standard[0].Text || again.last().Error != nil {
		t.Errorf("a fresh default context is %s", again[0].Raw)
	}
}

func TestContext_Parallel(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t)
	a, b := d.newContext(t).ID, d.newContext(t).ID
	g, _ := newGate(t)
	waits := d.openCode(t, in(a, "x = 'a'\nprint(1)\n"+g.python()))
	waits.untilText(t, "1\n")
	d.code(t, in(b, "x = 'b'")).ends(t, ending{kind: "execution_complete", code: -1}) // while a is busy
	g.open(t)
	waits.rest(t)
	var all sync.WaitGroup
	for _, c := range []struct{ id, want string }{{a, "'a'"}, {b, "'b'"}} {
		all.Go(func() { checkResult(t, d.code(t, in(c.id, "x")), c.want) })
	}
	all.Wait()
}

func TestContext_Retried(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t)
	key := []string{"Idempotency-Key", "k"}
	made := make([]codeContext, 3)
	var all sync.WaitGroup
	for i := range made {
		all.Go(func() { made[i] = post[codeContext](t, d, "/code/context", object{"language": "python"}, key...) })
	}
	all.Wait()
	if made[0].ID != made[1].ID || made[0].ID != made[2].ID || len(d.kernels()) != 1 {
		t.Errorf("contexts %+v, kernels %v", made, d.kernels())
	}
	d.fails(t, http.StatusUnprocessableEntity, "IDEMPOTENCY_KEY_REUSED", http.MethodPost, "/code/context",
		object{"language": "python", "cwd": "/"}, key...)
	code := object{"language": "python", "code": "n = globals().get('n', 0) + 1\nn"}
	first, again := d.code(t, code, "Idempotency-Key", "run"), d.code(t, code, "Idempotency-Key", "run")
	checkResult(t, first, "1")
	if first.last().Raw != again.last().Raw || first[0].ExecutionID != again[0].ExecutionID {
		t.Errorf("%s, and again %s", first[0].Raw, again[0].Raw)
	}
}

func TestContext_Refused(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t)
	file := filepath.Join(d.dir, "file")
	must(t, os.WriteFile(file, nil, 0o600))
	for _, cwd := range []string{"$NO_SUCH_VARIABLE/x", filepath.Join(file, "below")} {
		d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodPost, "/code/context", object{"language": "python", "cwd": cwd})
	}
	for _, name := range []string{"", "A=B", "A\x00"} {
		d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodPost, "/code/context",
			object{"language": "python", "envs": object{name: "x"}})
	}
	if list := get[[]codeContext](t, d, "/code/contexts"); len(list) != 0 {
		t.Errorf("refused contexts are listed: %+v", list)
	}
}

// Deleting a context ends what it runs and what waits in it, truthfully.
func TestContext_DeletedWhileBusy(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t)
	id := d.newContext(t).ID
	running := d.openCode(t, in(id, "print('begun')\nwhile True: pass"))
	running.untilText(t, "begun\n")
	waiting := d.openCode(t, in(id, "print('never')"))
	waiting.until(t, "queued", func(e event) bool { return e.Status == "queued" })
	d.empty(t, http.MethodDelete, "/code/contexts/"+id, nil)
	for _, s := range []*stream{running, waiting} {
		r := s.rest(t)
		if end := r.last(); end.Error == nil || end.Reason != "deleted" || len(r.stdout()) != 0 {
			t.Errorf("it ended with %s", end.Raw)
		}
	}
	eventually(t, "the end of the kernel", func() bool { return len(d.kernels()) == 0 })
}
