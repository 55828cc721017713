package kernel_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"execd/kernel"
	"execd/kernel/kerneltest"
)

// empty fails the test if something is left in a runtime directory.
func empty(t *testing.T, dir string) {
	t.Helper()
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left in the runtime directory: %v", left)
	}
}

func TestStart_ExitsEarly(t *testing.T) {
	f := &kerneltest.Fake{BeforeListen: func(kernel.LaunchSpec) error { return errors.New("no module named x") }}
	dir := t.TempDir()
	l := newLocal(t, f, kernel.Config{RuntimeDir: dir})
	_, err := l.Start(deadline(t), kernel.StartSpec{Language: "fake"})
	if !errors.Is(err, kernel.ErrStart) || !strings.Contains(err.Error(), "kernel exited: exit status 1") ||
		!strings.Contains(err.Error(), "no module named x") {
		t.Errorf("%v", err)
	}
	if n := len(f.Launched()); n != 2 {
		t.Errorf("launched %d times over tcp, want 2", n)
	}
	empty(t, dir)
}

// TestStart_PortTaken fails the first try as a kernel does whose port is taken.
func TestStart_PortTaken(t *testing.T) {
	tries := 0
	f := &kerneltest.Fake{BeforeListen: func(kernel.LaunchSpec) error {
		tries++
		if tries == 1 {
			return errors.New("address already in use")
		}
		return nil
	}}
	execute(t, startFake(t, f, kernel.Config{}), "print a")
}

func TestStart_Canceled(t *testing.T) {
	for _, when := range []string{"before it listens", "while it is silent"} {
		t.Run(when, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			f := &kerneltest.Fake{Silent: cancel}
			if when == "before it listens" {
				f.BeforeListen = func(kernel.LaunchSpec) error { cancel(); <-f.Launched()[0].Done(); return nil }
			}
			dir := t.TempDir()
			l := newLocal(t, f, kernel.Config{RuntimeDir: dir})
			_, err := l.Start(ctx, kernel.StartSpec{Language: "fake"})
			if !errors.Is(err, context.Canceled) || !errors.Is(err, kernel.ErrStart) {
				t.Errorf("%v", err)
			}
			<-f.Launched()[0].Done()
			empty(t, dir)
		})
	}
}

func TestStart_Timeout(t *testing.T) {
	l := newLocal(t, &kerneltest.Fake{Silent: func() {}}, kernel.Config{StartTimeout: short})
	_, err := l.Start(deadline(t), kernel.StartSpec{Language: "fake"})
	if !errors.Is(err, kernel.ErrStart) || !strings.Contains(err.Error(), "not ready within 20ms") {
		t.Errorf("%v", err)
	}
}

func TestStart_LaunchFails(t *testing.T) {
	data, err := kerneltest.Install(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	l := kernel.NewLocal(kernel.Config{RuntimeDir: dir, Env: []string{"JUPYTER_PATH=" + data},
		Launch: func(kernel.LaunchSpec) (kernel.Process, error) { return nil, os.ErrNotExist }})
	if _, err := l.Start(deadline(t), kernel.StartSpec{Language: "fake"}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	empty(t, dir)
}

func TestStart_NoKernel(t *testing.T) {
	l := newLocal(t, &kerneltest.Fake{}, kernel.Config{})
	_, err := l.Start(deadline(t), kernel.StartSpec{Language: "Golang"})
	var missing *kernel.NoKernelError
	if !errors.Is(err, kernel.ErrNoKernel) || !errors.As(err, &missing) {
		t.Fatalf("%v", err)
	}
	if missing.Language != "go" || !slices.Contains(missing.Installed, "fake") || !strings.Contains(err.Error(), "gonb") {
		t.Errorf("%v", err)
	}
}

func TestStart_Closed(t *testing.T) {
	l := newLocal(t, &kerneltest.Fake{}, kernel.Config{})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Start(deadline(t), kernel.StartSpec{Language: "fake"}); !errors.Is(err, kernel.ErrClosed) {
		t.Errorf("%v", err)
	}
}

func TestClose_WhileStarting(t *testing.T) {
	waits := make(chan struct{})
	f := &kerneltest.Fake{Silent: func() {}, BeforeListen: func(kernel.LaunchSpec) error { close(waits); return nil }}
	l := newLocal(t, f, kernel.Config{})
	failed := make(chan error, 1)
	go func() {
		_, err := l.Start(context.Background(), kernel.StartSpec{Language: "fake"})
		failed <- err
	}()
	<-waits
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; !errors.Is(err, kernel.ErrClosed) {
		t.Errorf("%v", err)
	}
}

func TestClose_WhileRunning(t *testing.T) {
	dir := t.TempDir()
	l := newLocal(t, &kerneltest.Fake{}, kernel.Config{RuntimeDir: dir})
	var all []*recorder
	for range 3 {
		k := start(t, l, kernel.StartSpec{Language: "fake"})
		r := begin(t, k, "print on\nhang")
		r.await(t, kernel.KindStream)
		all = append(all, r)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		r.wait(t)
	}
	empty(t, dir)
}

func TestShutdown_Stubborn(t *testing.T) {
	f := &kerneltest.Fake{Stubborn: true}
	k := startFake(t, f, kernel.Config{ShutdownGrace: short})
	r := begin(t, k, "print on\nhang")
	r.await(t, kernel.KindStream)
	if err := k.Shutdown(deadline(t)); err != nil {
		t.Fatal(err)
	}
	r.wait(t)
	want := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}
	if got := f.Launched()[0].Signals(); !slices.Equal(got, want) {
		t.Errorf("signals %v, want %v", got, want)
	}
}

// TestShutdown_NoTime has no time to ask.
func TestShutdown_NoTime(t *testing.T) {
	f := &kerneltest.Fake{Stubborn: true, Execute: func(c *kerneltest.Cell) { <-c.Done() }}
	k := startFake(t, f, kernel.Config{})
	r := begin(t, k, "")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := k.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if got := r.wait(t); got.Status != kernel.StatusDead || got.Err.Error() != "kernel was shut down" {
		t.Errorf("%+v", got)
	}
}

func TestStart_ConnectionFile(t *testing.T) {
	for name, spec := range map[string]kerneltest.Spec{
		"tcp": {Env: map[string]string{"FAKE": "${PLACE}/x:${NOWHERE}"}},
		"ipc": {Program: "ipykernel", Env: map[string]string{"FAKE": "${PLACE}/x:${NOWHERE}"}},
	} {
		t.Run(name, func(t *testing.T) {
			var file string
			f := &kerneltest.Fake{BeforeListen: func(s kernel.LaunchSpec) error {
				b, err := os.ReadFile(s.Argv[1])
				file = string(b)
				info, statErr := os.Stat(s.Argv[1])
				if statErr == nil && info.Mode().Perm() != 0o600 {
					t.Errorf("mode %v", info.Mode())
				}
				return errors.Join(err, statErr)
			}}
			dir, err := os.MkdirTemp("", "kt") //nolint:usetesting // t.TempDir() would leave no room for a socket's path
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = os.RemoveAll(dir) }()
			l := newLocal(t, f, kernel.Config{RuntimeDir: dir, Env: []string{"PLACE=/there", "OVER=1"}}, spec)
			k := start(t, l, kernel.StartSpec{Language: "fake", Dir: "/", Env: []string{"OVER=2"}})
			execute(t, k, "print a")
			if !strings.Contains(file, `"transport": "`+name+`"`) {
				t.Errorf("%s", file)
			}
			got := f.Launched()[0].Spec
			if got.Dir != "/" || !slices.Contains(got.Env, "FAKE=/there/x:${NOWHERE}") || !slices.Contains(got.Env, "OVER=2") {
				t.Errorf("%+v", got)
			}
			if filepath.Base(got.Argv[2]) != "fake" || got.Argv[3]+"/share/jupyter/kernels/fake" != got.Argv[2] {
				t.Errorf("argv %q", got.Argv)
			}
		})
	}
}

func TestStart_LongPathMeansTCP(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 25))
	l := newLocal(t, &kerneltest.Fake{}, kernel.Config{RuntimeDir: dir}, kerneltest.Spec{Program: "ipykernel"})
	execute(t, start(t, l, kernel.StartSpec{Language: "fake"}), "print a")
}

func TestLocal_Languages(t *testing.T) {
	l := newLocal(t, &kerneltest.Fake{}, kernel.Config{},
		kerneltest.Spec{}, kerneltest.Spec{Name: "deno", Language: "typescript"}, kerneltest.Spec{Name: "Other", Language: "Other"})
	list, err := l.Languages(deadline(t))
	if err != nil {
		t.Fatal(err)
	}
	served := map[string]string{}
	for _, language := range list {
		served[language.Name] = language.Kernel
	}
	for name, want := range map[string]string{"fake": "fake", "typescript": "deno", "javascript": "deno", "other": "other"} {
		if served[name] != want {
			t.Errorf("%s is served by %q, want %q", name, served[name], want)
		}
	}
}
