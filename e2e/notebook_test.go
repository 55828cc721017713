package e2e_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// notebookClient is what scripts/notebook-client.sh has to say, once.
var notebookClient = sync.OnceValues(func() (string, error) {
	cmd := exec.Command("../scripts/notebook-client.sh")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
})

// notebookKernel is the directory with nbclient and a kernel with pandas and matplotlib, or the test is skipped.
func notebookKernel(t *testing.T) string {
	t.Helper()
	dir, err := notebookClient()
	must(t, err)
	if dir == "" {
		t.Skip("NO NBCLIENT, so nothing is compared with it: scripts/notebook-client.sh says why")
	}
	return dir
}

// folded is what a notebook shows of a cell.
type folded struct {
	Count   *int  `json:"execution_count"`
	Outputs []any `json:"outputs"`
}

func (d *daemon) folded(tb testing.TB, id string) folded {
	tb.Helper()
	return get[folded](tb, d, "/executions/"+id+"?view=folded")
}

// notebookEnv has the kernel, and keeps what a user has configured out.
func notebookEnv(dir, home string) []string {
	return []string{"JUPYTER_PATH=" + dir + "/share/jupyter", "IPYTHONDIR=" + home, "JUPYTER_PREFER_ENV_PATH=1"}
}

// nbclient runs cells as notebooks are run, and returns what is in the notebook then.
func nbclient(t *testing.T, dir, cwd string, cells []string) []folded {
	t.Helper()
	in, err := json.Marshal(cells)
	must(t, err)
	program, err := filepath.Abs("testdata/run_notebook.py")
	must(t, err)
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "bin", "python"), program)
	cmd.Dir, cmd.Stdin = cwd, bytes.NewReader(in)
	cmd.Env = append(os.Environ(), notebookEnv(dir, t.TempDir())...)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("nbclient: %v: %s", err, problems.String())
	}
	var list []folded
	must(t, json.Unmarshal(out, &list))
	return list
}

// address is where an object is, which differs from one kernel to another, as does the file of a cell.
var address = regexp.MustCompile(`0x[0-9a-f]+|ipykernel_\d+/\d+\.py`)

func normalized(tb testing.TB, v any) string {
	tb.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	must(tb, err)
	return address.ReplaceAllString(string(text), "ADDRESS")
}

// TestNotebook_AsNbclient runs the cells of a notebook here and with nbclient: what is shown in the end is the same.
func TestNotebook_AsNbclient(t *testing.T) {
	t.Parallel()
	dir := notebookKernel(t)
	text, err := os.ReadFile("testdata/notebook.py")
	must(t, err)
	cells := strings.Split(string(text), "\n# %%\n")[1:]
	if len(cells) < 40 {
		t.Fatalf("%d cells", len(cells))
	}
	cwd := t.TempDir()
	d := startWith(t, notebookEnv(dir, t.TempDir()))
	id := d.newContext(t, object{"cwd": cwd}).ID
	var runs []string
	for _, cell := range cells {
		runs = append(runs, d.code(t, in(id, cell))[0].ExecutionID)
	}
	for i, want := range nbclient(t, dir, cwd, cells) {
		got := d.folded(t, runs[i])
		if reflect.DeepEqual(got, want) {
			continue
		}
		if got, want := normalized(t, got), normalized(t, want); got != want {
			t.Errorf("cell %d:\n%s\nshows %.3000s\nnbclient has %.3000s", i, cells[i], got, want)
		}
	}
}

// TestNotebook_Folded: what the view has beside outputs, of what it is not for, and of what runs.
func TestNotebook_Folded(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t)
	d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodGet, "/executions/x?view=unfolded", nil)
	d.fails(t, http.StatusNotFound, "EXECUTION_NOT_FOUND", http.MethodGet, "/executions/x?view=folded", nil)
	stream := func(name, text string) any {
		return map[string]any{"output_type": "stream", "name": name, "text": text}
	}
	check := func(id string, want ...any) {
		t.Helper()
		if got := d.folded(t, id); !reflect.DeepEqual(got.Outputs, want) {
			t.Errorf("%v, want %v", got.Outputs, want)
		}
	}
	command := d.command(t, "echo one; echo; printf two; echo three >&2; exit 3")
	check(command[0].Text, stream("stdout", "one\n\ntwo\n"), stream("stderr", "three\n"))
	g, _ := newGate(t)
	s := d.openCode(t, "print('on', flush=True)\n"+g.python()+"\nprint('off')")
	s.until(t, "its output", func(e event) bool { return e.Type == "stdout" })
	if got := d.folded(t, s.id); got.Count != nil {
		t.Errorf("while it runs: %+v", got)
	}
	g.open(t)
	s.rest(t)
	check(s.id, stream("stdout", "on\noff\n"))
	type described struct {
		folded

		ID, State, Reason string
	}
	got := get[described](t, d, "/executions/"+s.id+"?view=folded")
	if got.ID != s.id || got.State != "ended" || got.Count == nil || *got.Count != 1 {
		t.Errorf("described as %+v", got)
	}
	quiet := d.code(t, "None")
	check(quiet[0].ExecutionID, []any{}...)
	dies := d.openCode(t, "print('last', end='', flush=True)\nwhile True: pass")
	dies.untilText(t, "last")
	for _, k := range d.kernels() {
		kill(t, k.pid)
	}
	dies.rest(t)
	check(dies.id, stream("stdout", "last")) // how it ended is no output
}
