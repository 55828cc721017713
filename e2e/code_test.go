package e2e_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// One default context does many things one after the other: starting a kernel costs
// more than all of them.
func TestCode_Cells(t *testing.T) { //nolint:tparallel // they count on each other, in one kernel
	t.Parallel()
	needsPython(t)
	d := start(t)
	for _, c := range []struct {
		name, code     string
		stdout, stderr string
		result         string // its plain text
		ename, evalue  string
	}{
		{name: "print", code: "print('hi')", stdout: "hi\n"},
		{name: "result", code: "1+1", result: "2"},
		{name: "print and result", code: "print('a')\nprint()\nprint('b', end='')\n'c'", stdout: "a\n\nb", result: "'c'"},
		{name: "stderr", code: "import sys\nprint('out', flush=True)\nprint('err', file=sys.stderr)", stdout: "out\n", stderr: "err\n"},
		{name: "nothing", code: "x = 41"},
		{name: "state", code: "x + 1", result: "42"},
		{name: "function", code: "def f(n):\n    return 1 if n < 2 else n * f(n - 1)\nf(20)", result: "2432902008176640000"},
		{name: "unicode", code: `print('é€😀\u2028\x85\x00\x1b[0m')`, stdout: "é€😀\u2028\u0085\x00\x1b[0m\n"},
		{name: "await", code: "import asyncio\nawait asyncio.sleep(0)\n'awaited'", result: "'awaited'"},
		{name: "child process", code: "import subprocess\nsubprocess.run(['echo', 'child'], capture_output=True).stdout", result: `b'child\n'`},
		{name: "error", code: "print('before')\n1/0", stdout: "before\n", ename: "ZeroDivisionError", evalue: "division by zero"},
		{name: "error without value", code: "raise KeyError", ename: "KeyError"},
		{name: "syntax error", code: "if then", ename: "SyntaxError", evalue: "*"},
		{name: "exit", code: "raise SystemExit(3)", ename: "SystemExit", evalue: "3"},
		{name: "input", code: "input()", ename: "StdinNotImplementedError", evalue: "*"},
		{name: "a megabyte", code: "print('x' * 1_000_000)", stdout: strings.Repeat("x", 1_000_000) + "\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := d.code(t, c.code)
			if r.output() != c.stdout {
				t.Errorf("stdout %.200q, want %.200q", r.output(), c.stdout)
			}
			if got := strings.Join(r.stderr(), ""); got != c.stderr && c.ename == "" && c.name != "exit" {
				t.Errorf("stderr %q, want %q", got, c.stderr)
			}
			checkResult(t, r, c.result)
			end := r.last()
			if (end.Error != nil) != (c.ename != "") || end.ExecutionTime < 1 || end.ExitCode != nil {
				t.Fatalf("it ended with %s", end.Raw)
			}
			if c.ename != "" && (end.Error.Name != c.ename || (c.evalue != "*" && end.Error.Value != c.evalue) || len(end.Error.Traceback) == 0) {
				t.Errorf("it ended with %s", end.Raw)
			}
		})
	}
	if n := len(get[[]codeContext](t, d, "/code/contexts")); n != 1 {
		t.Errorf("%d contexts, want the default one", n)
	}
}

// checkResult checks the result of a cell, and that its number comes before it.
func checkResult(t *testing.T, r run, want string) {
	t.Helper()
	results := r.of("result")
	if want == "" {
		if len(results) != 0 {
			t.Errorf("result %+v", results)
		}
		return
	}
	if len(results) != 1 || results[0].Results["text"] != want || results[0].Results["text/plain"] != want {
		t.Fatalf("results %+v, want %q", results, want)
	}
	counts := r.of("execution_count")
	if len(counts) != 1 || counts[0].ExecutionCount < 1 || counts[0].ID > results[0].ID {
		t.Errorf("execution counts %+v, result %d", counts, results[0].ID)
	}
}

func TestCode_Counts(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t)
	id := d.newContext(t).ID
	for want := 1; want <= 3; want++ {
		r := d.code(t, in(id, "None"))
		if counts := r.of("execution_count"); len(counts) != 1 || counts[0].ExecutionCount != want {
			t.Errorf("run %d: %+v", want, counts)
		}
		if r[0].Text != id || r[0].ExecutionID == id || len(r[0].ExecutionID) != 32 {
			t.Errorf("init is %s", r[0].Raw)
		}
	}
}

func TestCode_Displays(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t)
	r := d.code(t, `
from IPython.display import HTML, JSON, clear_output, display
display(HTML('<b>x</b>'), metadata={'a': 1})
display(JSON({'n': [1, 'é']}))
h = display('first', display_id='mine')
h.update('second')
clear_output(wait=True)
print('end')`)
	results := r.of("result")
	if len(results) != 3 {
		t.Fatalf("%+v", results)
	}
	html := results[0]
	if html.Results["text/html"] != "<b>x</b>" || html.Results["text"] == "" || html.Results["text"] != html.Results["text/plain"] {
		t.Errorf("HTML is %s", html.Raw)
	}
	if got := results[1].Results["application/json"]; !strings.Contains(got, `"n"`) || !strings.Contains(got, "é") {
		t.Errorf("JSON is %s", results[1].Raw)
	}
	updates := r.of("display_update")
	if len(updates) != 1 || updates[0].DisplayID != "mine" || results[2].DisplayID != "mine" || updates[0].Results["text"] != "'second'" {
		t.Errorf("updates %+v of %s", updates, results[2].Raw)
	}
	if cleared := r.of("clear_output"); len(cleared) != 1 {
		t.Errorf("clear_output: %+v", cleared)
	}
	if r.output() != "end\n" {
		t.Errorf("stdout %q", r.output())
	}
	for _, e := range r {
		if e.Text != "" && !slices.Contains([]string{"init", "stdout", "stderr"}, e.Type) {
			t.Errorf("text on a type that clients would print: %s", e.Raw)
		}
	}
}

func TestCode_ManyPrints(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t)
	const n = 3000
	r := d.code(t, fmt.Sprintf("for i in range(%d): print(i, flush=True)", n))
	var want strings.Builder
	for i := range n {
		fmt.Fprintln(&want, i)
	}
	if r.output() != want.String() {
		t.Errorf("%d bytes of %d, or out of order", len(r.output()), want.Len())
	}
	id := r[0].ExecutionID
	whole, _ := d.frames(t, id, 0, 1<<30)
	if joined := d.resumed(t, id, rand.New(rand.NewPCG(1, 2)), func() {}); !bytes.Equal(joined, whole) {
		t.Errorf("joined from pieces there are %d bytes that differ from the %d of the whole", len(joined), len(whole))
	}
}

func TestCode_Live(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t)
	g, _ := newGate(t)
	s := d.openCode(t, "print('one')\n"+g.python()+"\nprint('two')")
	s.untilText(t, "one\n")
	if x := d.execution(t, s.id); x.Kind != "code" || x.State != "running" || x.Language != "python" || x.ContextID == "" {
		t.Errorf("%+v", x)
	}
	s.close() // nobody has to read for it to go on
	g.open(t)
	r := d.attach(t, s.id, 0).complete(t)
	if r.output() != "one\ntwo\n" || r.last().Error != nil {
		t.Errorf("%q, %s", r.output(), r.last().Raw)
	}
	d.code(t, "1").ends(t, ending{kind: "execution_complete", code: -1})
	d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodGet, "/executions/"+s.id+"/output", nil)
}

// The first thing that somebody tries, as the documentation prints it.
func TestCode_Curl(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t)
	for _, args := range [][]string{
		{"-X", "POST", "http://D/code", "-H", "Content-Type: application/json",
			"-d", `{"context":{"language":"python"},"code":"print(\"test\")"}`},
		{"-X", "POST", "http://D/code", "-d", `{"language":"python","code":"print(\"test\")"}`},
		{"http://D/code", "--json", `{"language":"Python","code":"print(\"test\")","context":null}`},
		{"http://D/code", "-d", `{"context":{"id":null,"language":"python"},"code":"print(\"test\")"}`},
	} {
		out := d.curl(t, args...)
		if !strings.Contains(out, `data: {"type":"stdout","text":"test\n",`) || !strings.Contains(out, `data: {"type":"execution_complete",`) {
			t.Errorf("%q prints %q", args, out)
		}
	}
}

// Without a language code is a shell command, as with the languages that say so.
func TestCode_Shell(t *testing.T) {
	t.Parallel()
	d := start(t)
	for _, body := range []object{
		{"code": "echo hi; exit 4"},
		{"code": "echo hi; exit 4", "context": object{}},
		{"code": "echo hi; exit 4", "context": object{"language": "command"}},
	} {
		r := d.code(t, body)
		r.ends(t, exitStatus(4, "4"))
		if !slices.Equal(r.stdout(), []string{"hi"}) {
			t.Errorf("%v: %q", body, r.stdout())
		}
	}
	s := d.openCode(t, object{"code": "exit 5", "context": object{"language": "background-command"}})
	if all := s.rest(t); len(all) != 2 || all[1].Type != "execution_complete" {
		t.Errorf("%+v", all)
	}
	if st := d.ended(t, s.id); *st.ExitCode != 5 {
		t.Errorf("%+v", st)
	}
}
