package kernel_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"execd/kernel"
)

func TestPython_Place(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	k, _ := python(t, kernel.StartSpec{ID: "the-id", Dir: dir, Env: []string{"EXECD_TEST=with space"}})
	if k.ID() != "the-id" || k.Language() != "python" {
		t.Errorf("id %q, language %q", k.ID(), k.Language())
	}
	r := ok(t, k, "import os; print(os.getcwd(), os.environ['EXECD_TEST'], os.environ['JPY_PARENT_PID'], sep='|')")
	if want := dir + "|with space|" + strconv.Itoa(os.Getpid()) + "\n"; r.text("stdout") != want {
		t.Errorf("%q, want %q", r.text("stdout"), want)
	}
}

func TestPython_Interrupt(t *testing.T) {
	k, _ := python(t, kernel.StartSpec{})
	r := begin(t, k, "import time\nprint('on', flush=True)\ntime.sleep(30)")
	r.await(t, kernel.KindStream)
	if err := k.Interrupt(deadline(t)); err != nil {
		t.Fatal(err)
	}
	if got := r.wait(t); got.Status != kernel.StatusError || got.EName != "KeyboardInterrupt" {
		t.Errorf("%+v", got)
	}
	ok(t, k, "1+1")
}

func TestPython_Killed(t *testing.T) {
	k, _ := python(t, kernel.StartSpec{})
	r := begin(t, k, "import os; print(os.getpid(), flush=True); import time; time.sleep(30)")
	r.await(t, kernel.KindStream)
	pid, err := strconv.Atoi(strings.TrimSpace(r.text("stdout")))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	got := r.wait(t)
	if got.Status != kernel.StatusDead || got.Err == nil || got.Err.Error() != "kernel exited: signal: killed" {
		t.Errorf("%+v", got)
	}
	<-k.Done()
	if err := k.Execute(kernel.Request{}, newRecorder()); !errors.Is(err, kernel.ErrDead) || !errors.Is(k.Err(), kernel.ErrDead) {
		t.Errorf("execute: %v, err: %v", err, k.Err())
	}
}

func TestPython_Exits(t *testing.T) {
	k, _ := python(t, kernel.StartSpec{})
	r, got := execute(t, k, "import os, time; print('last', flush=True); time.sleep(1); os._exit(3)")
	if got.Status != kernel.StatusDead || got.Err.Error() != "kernel exited: exit status 3" || r.text("stdout") != "last\n" {
		t.Errorf("%+v %q", got, r.text("stdout"))
	}
}

func TestPython_Shutdown(t *testing.T) {
	k, dir := python(t, kernel.StartSpec{})
	r := ok(t, k, "import os, subprocess; print(os.getpid()); p = subprocess.Popen(['sleep', '1000']); print(p.pid)")
	busy := begin(t, k, "import time; print('on', flush=True); time.sleep(1000)")
	busy.await(t, kernel.KindStream)
	if err := k.Shutdown(deadline(t)); err != nil {
		t.Fatal(err)
	}
	for _, pid := range strings.Fields(r.text("stdout")) {
		n, _ := strconv.Atoi(pid)
		if b, err := os.ReadFile("/proc/" + pid + "/stat"); err == nil && !strings.Contains(string(b), ") Z ") {
			t.Errorf("process %d is left", n)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left in the runtime directory: %v", left)
	}
	busy.wait(t)
	if err := k.Execute(kernel.Request{}, newRecorder()); !errors.Is(err, kernel.ErrDead) {
		t.Errorf("execute after shutdown: %v", err)
	}
}

func TestPython_Input(t *testing.T) {
	k, _ := python(t, kernel.StartSpec{Stdin: true})
	r := newRecorder()
	if err := k.Execute(kernel.Request{Code: "print(input('name? ') + '!')", AllowStdin: true}, r); err != nil {
		t.Fatal(err)
	}
	if got := r.await(t, kernel.KindInput); got.Text != "name? " || got.Password {
		t.Errorf("%+v", got)
	}
	if err := k.Input("Žofie"); err != nil {
		t.Fatal(err)
	}
	if got := r.wait(t); got.Status != kernel.StatusOK || r.text("stdout") != "Žofie!\n" {
		t.Errorf("%+v %q", got, r.text("stdout"))
	}
}
