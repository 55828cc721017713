package e2e_test

import (
	"net/http"
	"slices"
	"testing"
)

// with is code with variables of its own.
func with(contextID, code string, envs object) object {
	body := in(contextID, code)
	body["envs"] = envs
	return body
}

// Variables of one run are gone behind it, and those that it hides are back, however it ends.
func TestRunEnv(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t)
	id := d.newContext(t, object{"envs": object{"KEPT": "of the context"}}).ID
	const show = "import os, subprocess; print(os.environ.get('KEPT'), str(os.environ.get('NEW')) + ',', subprocess.getoutput('echo $NEW'))"
	value := "it's \"new\" $x ü\n"
	envs := object{"KEPT": "of the run", "NEW": "m"}
	if r := d.code(t, with(id, show, envs)); r.output() != "of the run m, m\n" {
		t.Errorf("within: %q, %s", r.output(), r.last().Raw)
	}
	for name, code := range map[string]string{
		"success": "pass", "error": "1/0", "exit": "raise SystemExit",
		"changed": "import os; os.environ['NEW'] = 'other'; del os.environ['KEPT']",
	} {
		d.code(t, with(id, code, envs))
		if r := d.code(t, in(id, show)); r.output() != "of the context None, \n" {
			t.Errorf("after %s: %q, %s", name, r.output(), r.last().Raw)
		}
	}
	s := d.openCode(t, with(id, "print('begun')\nwhile True: pass", envs))
	s.untilText(t, "begun\n")
	d.empty(t, http.MethodDelete, "/code?id="+id, nil)
	interrupted(t, s.rest(t))
	if r := d.code(t, in(id, show)); r.output() != "of the context None, \n" {
		t.Errorf("after an interrupt: %q", r.output())
	}
	checkResult(t, d.code(t, with(id, "import os; os.environ['NEW']", object{"NEW": value})), `'it\'s "new" $x ü\n'`)
	r := d.code(t, in(id, "[n for n in dir() if 'execd' in n]"))
	checkResult(t, r, "[]")
	if got := r.of("execution_count")[0].ExecutionCount; got != 13 {
		t.Errorf("it is cell %d: the setting of variables was counted", got)
	}
	d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodPost, "/code", with(id, "1", object{"A B": ""}))
	d.fails(t, http.StatusNotImplemented, "NOT_SUPPORTED", http.MethodPost, "/code",
		object{"language": "java", "code": "1", "envs": object{"A": "b"}})
	r = d.code(t, object{"code": "echo $NEW", "envs": object{"NEW": "of a command"}})
	if !slices.Equal(r.stdout(), []string{"of a command"}) {
		t.Errorf("%q", r.stdout())
	}
}
