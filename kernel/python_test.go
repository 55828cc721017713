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
func python(t testing.TB, spec kernel.StartSpec) (kernel.Kernel, string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "kt") // short: t.TempDir() would leave no room for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	l := kernel.NewLocal(kernel.Config{Launch: launch, RuntimeDir: dir})
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := os.Remove(dir); err != nil {
			t.Errorf("something is left: %v", err)
		}
	})
	spec.Language = "Python"
	k, err := l.Start(t.Context(), spec)
	if errors.Is(err, kernel.ErrNoKernel) {
		t.Skipf("NO PYTHON KERNEL, so nothing is tested against a real one: set JUPYTER_PATH: %v", err)
	}
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	return k, dir
}

func TestPython_Cells(t *testing.T) {
	k, _ := python(t, kernel.StartSpec{})
	for name, test := range map[string]func(*testing.T, kernel.Kernel){
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
		t.Run(name, func(t *testing.T) { test(t, k) })
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

func pythonPrint(t *testing.T, k kernel.Kernel) {
	r := ok(t, k, "print('hi')")
	if got := r.text("stdout"); got != "hi\n" {
		t.Errorf("stdout %q", got)
	}
	if len(r.only(kernel.KindBusy)) != 1 || len(r.only(kernel.KindExecuteInput)) != 1 {
		t.Errorf("busy and execute_input are missing: %v", r.all())
	}
}

func pythonStderr(t *testing.T, k kernel.Kernel) {
	if got := ok(t, k, "import sys; print('oh', file=sys.stderr)").text("stderr"); got != "oh\n" {
		t.Errorf("stderr %q", got)
	}
}

func pythonResult(t *testing.T, k kernel.Kernel) {
	r := ok(t, k, "1+1")
	got := r.only(kernel.KindResult)
	if len(got) != 1 || got[0].Data["text/plain"] != "2" || got[0].ExecutionCount != r.result.ExecutionCount {
		t.Errorf("result %+v of %+v", got, r.result)
	}
}

func pythonError(t *testing.T, k kernel.Kernel) {
	r, result := execute(t, k, "1/0")
	if result.Status != kernel.StatusError || result.EName != "ZeroDivisionError" || result.EValue != "division by zero" {
		t.Errorf("%+v", result)
	}
	if !strings.Contains(strings.Join(result.Traceback, "\n"), "ZeroDivisionError") {
		t.Errorf("traceback %q", result.Traceback)
	}
	if got := r.only(kernel.KindError); len(got) != 1 || got[0].EName != "ZeroDivisionError" {
		t.Errorf("error output %+v", got)
	}
}

func pythonDisplay(t *testing.T, k kernel.Kernel) {
	got := ok(t, k, "from IPython.display import HTML, display; display(HTML('<b>x</b>'))").only(kernel.KindDisplay)
	if len(got) != 1 || got[0].Data["text/html"] != "<b>x</b>" || got[0].Data["text/plain"] == "" {
		t.Errorf("%+v", got)
	}
}

func pythonUpdate(t *testing.T, k kernel.Kernel) {
	r := ok(t, k, "from IPython.display import display; h = display('a', display_id=True); h.update('b')")
	shown, updated := r.only(kernel.KindDisplay), r.only(kernel.KindUpdateDisplay)
	if len(shown) != 1 || len(updated) != 1 {
		t.Fatalf("%+v", r.all())
	}
	if shown[0].DisplayID == "" || shown[0].DisplayID != updated[0].DisplayID || updated[0].Data["text/plain"] != "'b'" {
		t.Errorf("%+v then %+v", shown, updated)
	}
}

func pythonJSON(t *testing.T, k kernel.Kernel) {
	got := ok(t, k, "from IPython.display import JSON; JSON({'a': [1, 'x']}, expanded=True)").only(kernel.KindResult)
	if len(got) != 1 || strings.ReplaceAll(got[0].Data["application/json"], " ", "") != `{"a":[1,"x"]}` {
		t.Fatalf("%+v", got)
	}
	if !strings.Contains(got[0].Metadata, "expanded") {
		t.Errorf("metadata %q", got[0].Metadata)
	}
}

func pythonClear(t *testing.T, k kernel.Kernel) {
	got := ok(t, k, "from IPython.display import clear_output; clear_output(wait=True)").only(kernel.KindClear)
	if len(got) != 1 || !got[0].Wait {
		t.Errorf("%+v", got)
	}
}

func pythonPage(t *testing.T, k kernel.Kernel) {
	got := ok(t, k, "len?").only(kernel.KindDisplay)
	if len(got) != 1 || !strings.Contains(got[0].Data["text/plain"], "number of items") {
		t.Errorf("%+v", got)
	}
}

func pythonUnicode(t *testing.T, k kernel.Kernel) {
	const text = "žluť 漢字 🦆 \u2028 </script> \\ \" \x00 \x1b[1m"
	if got := ok(t, k, "print("+strconv.QuoteToASCII(text)+", end='')").text("stdout"); got != text {
		t.Errorf("%q", got)
	}
	if got := ok(t, k, "print('"+"漢🦆<&>\u2028"+"', end='')").text("stdout"); got != "漢🦆<&>\u2028" {
		t.Errorf("%q", got)
	}
}

// pythonBytes prints what os.listdir gives for a name that is not UTF-8.
func pythonBytes(t *testing.T, k kernel.Kernel) {
	if got := ok(t, k, `print(b"\xff\xfe".decode("utf-8", "surrogateescape"), end="")`).text("stdout"); got != "\xff\xfe" {
		t.Errorf("%q", got)
	}
}

func pythonCount(t *testing.T, k kernel.Kernel) {
	first := ok(t, k, "pass").result.ExecutionCount
	if second := ok(t, k, "pass").result.ExecutionCount; second != first+1 {
		t.Errorf("%d then %d", first, second)
	}
}

func pythonMany(t *testing.T, k kernel.Kernel) {
	var want strings.Builder
	for i := range 10_000 {
		want.WriteString(strconv.Itoa(i) + "\n")
	}
	if got := ok(t, k, "for i in range(10000): print(i)").text("stdout"); got != want.String() {
		t.Errorf("%d bytes of %d", len(got), want.Len())
	}
	if got := ok(t, k, "for i in range(2000): print(i, flush=True)").text("stdout"); strings.Count(got, "\n") != 2000 {
		t.Errorf("%d flushed lines", strings.Count(got, "\n"))
	}
}

func pythonLarge(t *testing.T, k kernel.Kernel) {
	const size = 20_000_000
	got := ok(t, k, "print(('x' * 99 + '\\n') * 200000, end='')").text("stdout")
	if len(got) != size || strings.Count(got, "\n") != size/100 {
		t.Errorf("%d bytes", len(got))
	}
}

func pythonInputRefused(t *testing.T, k kernel.Kernel) {
	if _, result := execute(t, k, "input('name? ')"); result.EName != "StdinNotImplementedError" {
		t.Errorf("%+v", result)
	}
	if err := k.Execute(kernel.Request{AllowStdin: true}, newRecorder()); !errors.Is(err, kernel.ErrNoStdin) {
		t.Errorf("stdin without a channel: %v", err)
	}
	if err := k.Input("x"); !errors.Is(err, kernel.ErrNoInput) {
		t.Errorf("input nobody asked for: %v", err)
	}
}

func pythonSilent(t *testing.T, k kernel.Kernel) {
	r := newRecorder()
	if err := k.Execute(kernel.Request{Code: "silent = 1; silent", Silent: true}, r); err != nil {
		t.Fatal(err)
	}
	if r.wait(t).Status != kernel.StatusOK || len(r.only(kernel.KindResult)) != 0 {
		t.Errorf("%+v %+v", r.result, r.all())
	}
}

// pythonQueue sends three at once; the error of the first empties the queue.
func pythonQueue(t *testing.T, k kernel.Kernel) {
	first := begin(t, k, "import time; time.sleep(0.2); 1/0")
	second, third := begin(t, k, "print('second')"), begin(t, k, "print('third')")
	if got := first.wait(t); got.Status != kernel.StatusError {
		t.Errorf("first %+v", got)
	}
	for _, r := range []*recorder{second, third} {
		if got := r.wait(t); got.Status != kernel.StatusAborted || r.text("stdout") != "" {
			t.Errorf("%+v %q", got, r.text("stdout"))
		}
	}
	ok(t, k, "pass")
}
