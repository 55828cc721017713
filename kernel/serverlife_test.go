package kernel_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"execd/kernel"
)

// value executes an expression and returns what it gives.
func value(t *testing.T, k kernel.Kernel, expression string) string {
	t.Helper()
	list := ok(t, k, expression).only(kernel.KindResult)
	if len(list) != 1 {
		t.Fatalf("%q gives %d results", expression, len(list))
	}
	return list[0].Data["text/plain"]
}

// pid is the kernel's process, for tests that kill it.
func pid(t *testing.T, k kernel.Kernel) int {
	t.Helper()
	n, err := strconv.Atoi(value(t, k, "__import__('os').getpid()"))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// alive reports whether a process is there and no zombie.
func alive(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(b), ") Z ")
}

// serverLifecycle does what a context does in its life.
func serverLifecycle(t *testing.T, j *jupyterServer) {
	t.Helper()
	s := j.provider(t, kernel.ServerConfig{})
	lookUp(t, s)
	dir := t.TempDir()
	spec := kernel.StartSpec{Language: "python", ID: "life", Dir: dir, Env: []string{"GREETING=a \"b\" 'c' ü"}, Stdin: true}
	k := start(t, s, spec)
	if got := value(t, k, "import os; os.getcwd()"); got != "'"+dir+"'" {
		t.Errorf("in %s, want %s", got, dir)
	}
	if got := ok(t, k, "print(os.environ['GREETING'], end='')").text("stdout"); got != "a \"b\" 'c' ü" {
		t.Errorf("environment has %q", got)
	}
	answer(t, k)
	interrupt(t, k)
	process := pid(t, k)
	if err := k.Shutdown(deadline(t)); err != nil {
		t.Errorf("shut down: %v", err)
	}
	if alive(process) {
		t.Error("the kernel is still there")
	}
	if err := k.Err(); !errors.Is(err, kernel.ErrDead) {
		t.Errorf("error %v", err)
	}
	if err := k.Execute(kernel.Request{Code: "1"}, newRecorder()); !errors.Is(err, kernel.ErrDead) {
		t.Errorf("execute after the end: %v", err)
	}
}

func lookUp(t *testing.T, s *kernel.Server) {
	t.Helper()
	language, err := s.Lookup(deadline(t), "Python3")
	if err != nil || language.Name != "python" || language.Kernel != "python3" {
		t.Errorf("lookup: %+v, %v", language, err)
	}
	list, err := s.Languages(deadline(t))
	if err != nil || len(list) == 0 || list[0].Name != "python" {
		t.Errorf("languages: %+v, %v", list, err)
	}
	var missing *kernel.NoKernelError
	if _, err := s.Start(deadline(t), kernel.StartSpec{Language: "cobol"}); !errors.As(err, &missing) || missing.Installed[0] != "python" {
		t.Errorf("cobol: %v", err)
	}
}

func answer(t *testing.T, k kernel.Kernel) {
	t.Helper()
	r := newRecorder()
	if err := k.Execute(kernel.Request{Code: "print(input('name? ') * 2)", AllowStdin: true}, r); err != nil {
		t.Fatal(err)
	}
	if o := r.await(t, kernel.KindInput); o.Text != "name? " {
		t.Errorf("prompt %q", o.Text)
	}
	if err := k.Input("ab"); err != nil {
		t.Fatal(err)
	}
	if result := r.wait(t); result.Status != kernel.StatusOK || r.text("stdout") != "abab\n" {
		t.Errorf("%+v, %q", result, r.text("stdout"))
	}
}

func interrupt(t *testing.T, k kernel.Kernel) {
	t.Helper()
	ok(t, k, "import time; x = 41")
	r := begin(t, k, "print('on', flush=True)\ntime.sleep(60)")
	r.await(t, kernel.KindStream)
	if err := k.Interrupt(deadline(t)); err != nil {
		t.Fatal(err)
	}
	if result := r.wait(t); result.EName != "KeyboardInterrupt" {
		t.Errorf("interrupted: %+v", result)
	}
	if got := value(t, k, "x + 1"); got != "42" {
		t.Errorf("after the interrupt: %s", got)
	}
}

// serverKilled kills a kernel: the server would take up to three seconds to notice.
func serverKilled(t *testing.T, j *jupyterServer) {
	t.Helper()
	s := j.provider(t, kernel.ServerConfig{})
	k := start(t, s, kernel.StartSpec{Language: "python", ID: "same"})
	process := pid(t, k)
	r := begin(t, k, "print('last words', flush=True); import time; time.sleep(60)")
	r.await(t, kernel.KindStream)
	queued := begin(t, k, "1")
	if err := syscall.Kill(process, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for _, r := range []*recorder{r, queued} {
		if result := r.wait(t); result.Status != kernel.StatusDead || !errors.Is(result.Err, kernel.ErrDead) {
			t.Errorf("%+v", result)
		}
	}
	<-k.Done()
	again := start(t, s, kernel.StartSpec{Language: "python", ID: "same"})
	if got := value(t, again, "'last' in dir()"); got != "False" {
		t.Errorf("the new kernel is the old one")
	}
}

// TestServer_Restarted: the server that was killed took its kernels with it;
// the one that came in its place has none of them.
func TestServer_Restarted(t *testing.T) {
	j := newJupyter(t, server2)
	s := j.provider(t, kernel.ServerConfig{})
	k := start(t, s, kernel.StartSpec{Language: "python"})
	r := begin(t, k, "print('on', flush=True); import time; time.sleep(60)")
	r.await(t, kernel.KindStream)
	j.stop(syscall.SIGKILL)
	// The kernel ends when it notices that its server has; which comes first is chance.
	if result := r.wait(t); !errors.Is(result.Err, kernel.ErrLost) && !errors.Is(result.Err, kernel.ErrDead) {
		t.Errorf("%+v", result)
	}
	j.start(t)
	<-k.Done()
	if err := k.Err(); !errors.Is(err, kernel.ErrDead) {
		t.Errorf("%v", err)
	}
	ok(t, start(t, s, kernel.StartSpec{Language: "python"}), "1")
}

// TestServer_AdoptListing: a gateway may be told to list its kernels.
func TestServer_AdoptListing(t *testing.T) {
	serverAdopt(t, newJupyter(t, kernelGateway.with("listing", "--JupyterWebsocketPersonality.list_kernels=True")))
}

// serverAdopt stops execd, or what stands for it, and starts it again.
func serverAdopt(t *testing.T, j *jupyterServer) {
	t.Helper()
	first := j.provider(t, kernel.ServerConfig{Keep: true})
	k := start(t, first, kernel.StartSpec{Language: "python", ID: "ctx-1"})
	ok(t, k, "x = 41")
	other := start(t, j.provider(t, kernel.ServerConfig{Owner: "another"}), kernel.StartSpec{Language: "python", ID: "ctx-2"})
	ok(t, other, "1")
	if list, err := first.Adopt(deadline(t)); err != nil || len(list) != 0 {
		t.Errorf("adopts what it has: %v, %v", list, err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := k.Err(); !errors.Is(err, kernel.ErrDead) {
		t.Errorf("after Close: %v", err)
	}

	list, err := j.provider(t, kernel.ServerConfig{}).Adopt(deadline(t))
	if err != nil || len(list) != 1 || list[0].ID != "ctx-1" || list[0].Language != "python" {
		t.Fatalf("adopted %+v, %v", list, err)
	}
	if got := value(t, list[0].Kernel, "x + 1"); got != "42" {
		t.Errorf("x + 1 is %s", got)
	}
}

// TestServer_Root: a kernel whose directory is below the server's root starts
// there, and need not be told.
func TestServer_Root(t *testing.T) {
	j := newJupyter(t, server2)
	s := j.provider(t, kernel.ServerConfig{Root: j.root})
	k := start(t, s, kernel.StartSpec{Language: "python", Dir: filepath.Join(j.root, "data")})
	got, err := exec.Command("readlink", "/proc/"+strconv.Itoa(pid(t, k))+"/cwd").Output()
	if err != nil || strings.TrimSpace(string(got)) != filepath.Join(j.root, "data") {
		t.Errorf("in %s, %v", got, err)
	}
	_, err = s.Start(deadline(t), kernel.StartSpec{Language: "python", Dir: "/does/not/exist"})
	if !errors.Is(err, kernel.ErrStart) || !strings.Contains(err.Error(), "FileNotFoundError") {
		t.Errorf("missing directory: %v", err)
	}
}
