package kernel_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"execd/kernel"
	"execd/kernel/kerneltest"
)

// pool is a Pool of fake kernels, whose Local is the caller's no more.
func newPool(t *testing.T, f *kerneltest.Fake, cfg kernel.PoolConfig, specs ...kerneltest.Spec) *kernel.Pool {
	t.Helper()
	cfg.Calm, cfg.Retry = time.Millisecond, time.Millisecond
	p := kernel.NewPool(newLocal(t, f, kernel.Config{}, specs...), cfg)
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// holds waits until a language has so many spares.
func holds(t *testing.T, p *kernel.Pool, language string, want int) {
	t.Helper()
	ctx := deadline(t)
	for {
		list, err := p.Languages(ctx)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(list, func(l kernel.Language) bool { return l.Name == language })
		if i >= 0 && list[i].Spares == want {
			return
		}
	}
}

func pids(f *kerneltest.Fake) []int {
	var list []int
	for _, p := range f.Launched() {
		list = append(list, p.Pid())
	}
	return list
}

// TestPool_HandsOut: a spare is handed out under the id that was asked for, has
// run nothing, and is replaced by another one.
func TestPool_HandsOut(t *testing.T) {
	ran := make(map[int]int)
	var mu sync.Mutex
	f := &kerneltest.Fake{Execute: func(c *kerneltest.Cell) {
		mu.Lock()
		ran[c.Pid()]++
		mu.Unlock()
		c.Run()
	}}
	p := newPool(t, f, kernel.PoolConfig{Sizes: kernel.PoolSizes{"fake": 2}})
	holds(t, p, "fake", 2)
	var taken []int
	for i := range 5 {
		warm := pids(f)
		id := fmt.Sprint("context ", i)
		k, err := p.Start(deadline(t), kernel.StartSpec{Language: "Fake", ID: id, Stdin: true})
		if err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		if before := ran[k.Pid()]; before != 0 || k.ID() != id || slices.Contains(taken, k.Pid()) || !slices.Contains(warm, k.Pid()) {
			t.Errorf("%s is kernel %d as %q, which ran %d cells, of %v with %v taken", id, k.Pid(), k.ID(), before, warm, taken)
		}
		mu.Unlock()
		taken = append(taken, k.Pid())
		if _, got := execute(t, k, "result 1"); got.Status != kernel.StatusOK || got.ExecutionCount != 1 {
			t.Errorf("%+v", got)
		}
		holds(t, p, "fake", 2)
	}
	if n := len(f.Launched()); n != 7 {
		t.Errorf("%d kernels were started, want 5 and 2 spares", n)
	}
}

// TestPool_Empty: who finds no spare starts a kernel of his own.
func TestPool_Empty(t *testing.T) {
	p := newPool(t, &kerneltest.Fake{}, kernel.PoolConfig{Sizes: kernel.PoolSizes{"fake": 1}})
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			k, err := p.Start(context.Background(), kernel.StartSpec{Language: "fake"})
			if err != nil {
				t.Error(err)
				return
			}
			_ = k.Shutdown(context.Background())
		})
	}
	all.Wait()
	holds(t, p, "fake", 1)
}

// TestPool_OtherSpec: a kernel of another kernelspec of the language is not
// what was asked for.
func TestPool_OtherSpec(t *testing.T) {
	f := &kerneltest.Fake{}
	p := newPool(t, f, kernel.PoolConfig{Sizes: kernel.PoolSizes{"fake": 1}},
		kerneltest.Spec{}, kerneltest.Spec{Name: "other", Language: "fake"})
	holds(t, p, "fake", 1)
	warm := pids(f)
	if k := start(t, p, kernel.StartSpec{Language: "other"}); slices.Contains(warm, k.Pid()) {
		t.Error("a kernel of another kernelspec was handed out")
	}
	if k := start(t, p, kernel.StartSpec{Language: "fake"}); !slices.Contains(warm, k.Pid()) {
		t.Error("the spare was not handed out")
	}
}

// TestPool_SpareDies: a dead spare is nobody's, and another one takes its place.
func TestPool_SpareDies(t *testing.T) {
	f := &kerneltest.Fake{}
	said := make(chan string, 10)
	p := newPool(t, f, kernel.PoolConfig{Sizes: kernel.PoolSizes{"fake": 1}, Logf: func(format string, args ...any) {
		said <- fmt.Sprintf(format, args...)
	}})
	for i := range 3 {
		holds(t, p, "fake", 1)
		f.Launched()[i].Exit("exit status 9")
		if got := <-said; !strings.Contains(got, "a spare fake kernel died: kernel exited: exit status 9") {
			t.Errorf("%q", got)
		}
	}
	holds(t, p, "fake", 1)
	execute(t, start(t, p, kernel.StartSpec{Language: "fake"}), "print a")
}

// TestPool_NeverStarts: a kernel that does not start is tried ever more seldom,
// and fails those who ask for it as it does without a pool.
func TestPool_NeverStarts(t *testing.T) {
	tries := make(chan string, 100)
	f := &kerneltest.Fake{BeforeListen: func(kernel.LaunchSpec) error { return errors.New("no module") }}
	p := newPool(t, f, kernel.PoolConfig{Sizes: kernel.PoolSizes{"fake": 1}, Logf: func(_ string, args ...any) {
		tries <- fmt.Sprint(args[len(args)-1])
	}})
	for _, want := range []string{"1ms", "2ms", "4ms", "8ms"} {
		if got := <-tries; got != want {
			t.Errorf("tried again after %s, want %s", got, want)
		}
	}
	if _, err := p.Start(deadline(t), kernel.StartSpec{Language: "fake"}); !errors.Is(err, kernel.ErrStart) {
		t.Errorf("%v", err)
	}
}

// TestPool_Unfit: what a running kernel cannot become is started.
func TestPool_Unfit(t *testing.T) {
	f := &kerneltest.Fake{}
	python := kerneltest.Spec{Name: "python3", Language: "python"}
	p := newPool(t, f, kernel.PoolConfig{Sizes: kernel.PoolSizes{"fake": 1, "python": 1}}, kerneltest.Spec{}, python)
	holds(t, p, "fake", 1)
	holds(t, p, "python", 1)
	for _, spec := range []kernel.StartSpec{
		{Language: "fake", Dir: "/"},
		{Language: "fake", Env: []string{"A=b"}},
		{Language: "python", Env: []string{"A=b", "PYTHONPATH=/x"}},
		{Language: "py", Dir: "/", Env: []string{"LC_ALL=C"}},
	} {
		warm := pids(f)
		k := start(t, p, spec)
		if i := len(f.Launched()) - 1; slices.Contains(warm, k.Pid()) || !slices.Equal(tailOf(f.Launched()[i].Spec.Env, spec.Env), spec.Env) {
			t.Errorf("%+v was given a spare", spec)
		}
	}
	holds(t, p, "fake", 1)
	holds(t, p, "python", 1)
}

// tailOf returns those of have that are in want, in the order of want.
func tailOf(have, want []string) []string {
	var list []string
	for _, w := range want {
		if slices.Contains(have, w) {
			list = append(list, w)
		}
	}
	return list
}

// TestPool_Rehearses: a kernel that cannot run anything is no spare, and one
// that can has done so before it is handed out, once, uncounted.
func TestPool_Rehearses(t *testing.T) {
	var mu sync.Mutex
	ran := make(map[int][]string)
	f := &kerneltest.Fake{Execute: func(c *kerneltest.Cell) {
		mu.Lock()
		ran[c.Pid()] = append(ran[c.Pid()], c.Code)
		broken := len(ran) == 1
		mu.Unlock()
		if broken {
			c.Code = "quiet OSError no space"
		} else if strings.Contains(c.Code, "environ") {
			c.Code = ""
		}
		c.Run()
	}}
	said := make(chan string, 10)
	p := newPool(t, f, kernel.PoolConfig{Sizes: kernel.PoolSizes{"python": 1}, Logf: func(format string, args ...any) {
		said <- fmt.Sprintf(format, args...)
	}}, kerneltest.Spec{Name: "python3", Language: "python"})
	if got := <-said; !strings.Contains(got, "no space; trying again") {
		t.Errorf("%q", got)
	}
	holds(t, p, "python", 1)
	k := start(t, p, kernel.StartSpec{Language: "python"})
	if _, got := execute(t, k, "result 1"); got.Status != kernel.StatusOK || got.ExecutionCount != 1 {
		t.Errorf("%+v", got)
	}
	mu.Lock()
	defer mu.Unlock()
	if first := f.Launched()[0].Pid(); k.Pid() == first {
		t.Error("the broken kernel was handed out")
	}
	if got, want := ran[k.Pid()], []string{"__import__('os').environ.update({})", "result 1"}; !slices.Equal(got, want) {
		t.Errorf("it ran %q, want %q", got, want)
	}
}

func TestPool_Closed(t *testing.T) {
	p := newPool(t, &kerneltest.Fake{}, kernel.PoolConfig{Sizes: kernel.PoolSizes{"fake": 3, "cobol": 1}})
	holds(t, p, "fake", 3)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Start(deadline(t), kernel.StartSpec{Language: "fake"}); !errors.Is(err, kernel.ErrClosed) {
		t.Errorf("%v", err)
	}
}

func TestParsePoolSizes(t *testing.T) {
	sizes, err := kernel.ParsePoolSizes(" Py=2, sh = 1,go=0,")
	if err != nil || len(sizes) != 3 || sizes["python"] != 2 || sizes["bash"] != 1 || sizes["go"] != 0 {
		t.Errorf("%v, %v", sizes, err)
	}
	for _, text := range []string{"python", "python=", "python=x", "=1", "python=-1", "python=1000000"} {
		if sizes, err := kernel.ParsePoolSizes(text); err == nil {
			t.Errorf("%q is %v", text, sizes)
		}
	}
}
