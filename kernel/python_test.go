package kernel_test

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"execd/kernel"
)

// python starts a real ipykernel, or skips the test where there is none.
func python(tb testing.TB, spec kernel.StartSpec) (kernel.Kernel, string) {
	tb.Helper()
	dir, err := os.MkdirTemp("", "kt") //nolint:usetesting // tb.TempDir() would leave no room for a socket's path
	if err != nil {
		tb.Fatal(err)
	}
	l := kernel.NewLocal(kernel.Config{Launch: launch, RuntimeDir: dir})
	tb.Cleanup(func() {
		if err := l.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
		if err := os.Remove(dir); err != nil {
			tb.Errorf("something is left: %v", err)
		}
	})
	spec.Language = "Python"
	k, err := l.Start(tb.Context(), spec)
	if errors.Is(err, kernel.ErrNoKernel) {
		tb.Skipf("NO PYTHON KERNEL, so nothing is tested against a real one: set JUPYTER_PATH: %v", err)
	}
	if err != nil {
		tb.Fatalf("start: %v", err)
	}
	return k, dir
}

// cell is the test of one cell.
type cell struct {
	*testing.T
	k kernel.Kernel
}

func TestPython_Cells(t *testing.T) {
	k, _ := python(t, kernel.StartSpec{})
	for name, test := range map[string]func(cell){
		"Print":         pythonPrint,
		"Stderr":        pythonStderr,
		"Result":        pythonResult,
		"Error":         pythonError,
		"Display":       pythonDisplay,
		"Update":        pythonUpdate,
		"JSON":          pythonJSON,
		"Clear":         pythonClear,
		"Page":          pythonPage,
		"Unicode":       pythonUnicode,
		"Bytes":         pythonBytes,
		"Count":         pythonCount,
		"Many":          pythonMany,
		"Large":         pythonLarge,
		"Refused input": pythonInputRefused,
		"Silent":        pythonSilent,
		"Queue":         pythonQueue,
	} {
		t.Run(name, func(t *testing.T) { test(cell{t, k}) })
	}
}

// ok executes code that must succeed.
func ok(t *testing.T, k kernel.Kernel, code string) *recorder {
	t.Helper()
	r, result := execute(t, k, code)
	if result.Status != kernel.StatusOK || result.Err != nil {
		t.Fatalf("%q: %+v", code, result)
	}
	return r
}

func pythonPrint(c cell) {
	r := ok(c.T, c.k, "print('hi')")
	if got := r.text("stdout"); got != "hi\n" {
		c.Errorf("stdout %q", got)
	}
	if len(r.only(kernel.KindBusy)) != 1 || len(r.only(kernel.KindExecuteInput)) != 1 {
		c.Errorf("busy and execute_input are missing: %v", r.all())
	}
}

func pythonStderr(c cell) {
	if got := ok(c.T, c.k, "import sys; print('oh', file=sys.stderr)").text("stderr"); got != "oh\n" {
		c.Errorf("stderr %q", got)
	}
}

func pythonResult(c cell) {
	r := ok(c.T, c.k, "1+1")
	got := r.only(kernel.KindResult)
	if len(got) != 1 || got[0].Data["text/plain"] != "2" || got[0].ExecutionCount != r.result.ExecutionCount {
		c.Errorf("result %+v of %+v", got, r.result)
	}
}

func pythonError(c cell) {
	r, result := execute(c.T, c.k, "1/0")
	if result.Status != kernel.StatusError || result.EName != "ZeroDivisionError" || result.EValue != "division by zero" {
		c.Errorf("%+v", result)
	}
	if !strings.Contains(strings.Join(result.Traceback, "\n"), "ZeroDivisionError") {
		c.Errorf("traceback %q", result.Traceback)
	}
	if got := r.only(kernel.KindError); len(got) != 1 || got[0].EName != "ZeroDivisionError" {
		c.Errorf("error output %+v", got)
	}
}

func pythonDisplay(c cell) {
	got := ok(c.T, c.k, "from IPython.display import HTML, display; display(HTML('<b>x</b>'))").only(kernel.KindDisplay)
	if len(got) != 1 || got[0].Data["text/html"] != "<b>x</b>" || got[0].Data["text/plain"] == "" {
		c.Errorf("%+v", got)
	}
}

func pythonUpdate(c cell) {
	r := ok(c.T, c.k, "from IPython.display import display; h = display('a', display_id=True); h.update('b')")
	shown, updated := r.only(kernel.KindDisplay), r.only(kernel.KindUpdateDisplay)
	if len(shown) != 1 || len(updated) != 1 {
		c.Fatalf("%+v", r.all())
	}
	if shown[0].DisplayID == "" || shown[0].DisplayID != updated[0].DisplayID || updated[0].Data["text/plain"] != "'b'" {
		c.Errorf("%+v then %+v", shown, updated)
	}
}

func pythonJSON(c cell) {
	got := ok(c.T, c.k, "from IPython.display import JSON; JSON({'a': [1, 'x']}, expanded=True)").only(kernel.KindResult)
	if len(got) != 1 || strings.ReplaceAll(got[0].Data["application/json"], " ", "") != `{"a":[1,"x"]}` {
		c.Fatalf("%+v", got)
	}
	if !strings.Contains(got[0].Metadata, "expanded") {
		c.Errorf("metadata %q", got[0].Metadata)
	}
}

func pythonClear(c cell) {
	got := ok(c.T, c.k, "from IPython.display import clear_output; clear_output(wait=True)").only(kernel.KindClear)
	if len(got) != 1 || !got[0].Wait {
		c.Errorf("%+v", got)
	}
}

func pythonPage(c cell) {
	got := ok(c.T, c.k, "len?").only(kernel.KindDisplay)
	if len(got) != 1 || !strings.Contains(got[0].Data["text/plain"], "number of items") {
		c.Errorf("%+v", got)
	}
}

func pythonUnicode(c cell) {
	const text = "žluť 漢字 🦆 \u2028 </script> \\ \" \x00 \x1b[1m"
	if got := ok(c.T, c.k, "print("+strconv.QuoteToASCII(text)+", end='')").text("stdout"); got != text {
		c.Errorf("%q", got)
	}
	if got := ok(c.T, c.k, "print('"+"漢🦆<&>\u2028"+"', end='')").text("stdout"); got != "漢🦆<&>\u2028" {
		c.Errorf("%q", got)
	}
}

// pythonBytes prints what os.listdir gives for a name that is not UTF-8.
func pythonBytes(c cell) {
	if got := ok(c.T, c.k, `print(b"\xff\xfe".decode("utf-8", "surrogateescape"), end="")`).text("stdout"); got != "\xff\xfe" {
		c.Errorf("%q", got)
	}
}

func pythonCount(c cell) {
	first := ok(c.T, c.k, "pass").result.ExecutionCount
	if second := ok(c.T, c.k, "pass").result.ExecutionCount; second != first+1 {
		c.Errorf("%d then %d", first, second)
	}
}

func pythonMany(c cell) {
	var want strings.Builder
	for i := range 10_000 {
		want.WriteString(strconv.Itoa(i) + "\n")
	}
	if got := ok(c.T, c.k, "for i in range(10000): print(i)").text("stdout"); got != want.String() {
		c.Errorf("%d bytes of %d", len(got), want.Len())
	}
	if got := ok(c.T, c.k, "for i in range(2000): print(i, flush=True)").text("stdout"); strings.Count(got, "\n") != 2000 {
		c.Errorf("%d flushed lines", strings.Count(got, "\n"))
	}
}

func pythonLarge(c cell) {
	const size = 20_000_000
	got := ok(c.T, c.k, "print(('x' * 99 + '\\n') * 200000, end='')").text("stdout")
	if len(got) != size || strings.Count(got, "\n") != size/100 {
		c.Errorf("%d bytes", len(got))
	}
}

func pythonInputRefused(c cell) {
	if _, result := execute(c.T, c.k, "input('name? ')"); result.EName != "StdinNotImplementedError" {
		c.Errorf("%+v", result)
	}
	if err := c.k.Execute(kernel.Request{AllowStdin: true}, newRecorder()); !errors.Is(err, kernel.ErrNoStdin) {
		c.Errorf("stdin without a channel: %v", err)
	}
	if err := c.k.Input("x"); !errors.Is(err, kernel.ErrNoInput) {
		c.Errorf("input nobody asked for: %v", err)
	}
}

func pythonSilent(c cell) {
	r := newRecorder()
	if err := c.k.Execute(kernel.Request{Code: "silent = 1; silent", Silent: true}, r); err != nil {
		c.Fatal(err)
	}
	if r.wait(c.T).Status != kernel.StatusOK || len(r.only(kernel.KindResult)) != 0 {
		c.Errorf("%+v %+v", r.result, r.all())
	}
}

// pythonQueue sends three at once; the error of the first empties the queue.
func pythonQueue(c cell) {
	first := begin(c.T, c.k, "import time; time.sleep(0.2); 1/0")
	second, third := begin(c.T, c.k, "print('second')"), begin(c.T, c.k, "print('third')")
	if got := first.wait(c.T); got.Status != kernel.StatusError {
		c.Errorf("first %+v", got)
	}
	for _, r := range []*recorder{second, third} {
		if got := r.wait(c.T); got.Status != kernel.StatusAborted || r.text("stdout") != "" {
			c.Errorf("%+v %q", got, r.text("stdout"))
		}
	}
	ok(c.T, c.k, "pass")
}
