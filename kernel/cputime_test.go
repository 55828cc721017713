package kernel_test

import (
	"testing"
	"time"

	"execd/kernel"
	"execd/kernel/kerneltest"
)

// timed is a process that tells its CPU time.
type timed struct {
	kernel.Process
	used time.Duration
}

func (p timed) CPUTime() (time.Duration, bool) { return p.used, true }

// TestCPUTime: a kernel tells that of its process, also as a former spare, and
// nothing where the process does not.
func TestCPUTime(t *testing.T) {
	silent := &kerneltest.Fake{}
	if used, ok := kernel.CPUTime(startFake(t, silent, kernel.Config{})); ok {
		t.Errorf("%v of a process that does not tell", used)
	}
	fake := &kerneltest.Fake{}
	launch := func(spec kernel.LaunchSpec) (kernel.Process, error) {
		p, err := fake.Launch(spec)
		return timed{p, 42 * time.Second}, err
	}
	local := newLocal(t, fake, kernel.Config{Launch: launch})
	pool := kernel.NewPool(local, kernel.PoolConfig{Sizes: kernel.PoolSizes{kerneltest.Name: 1}, Calm: time.Hour})
	t.Cleanup(func() { _ = pool.Close() }) // the Local's error is told by itself
	holds(t, pool, kerneltest.Name, 1)
	for name, p := range map[string]kernel.Provider{"fresh": local, "spare": pool} {
		k := start(t, p, kernel.StartSpec{Language: kerneltest.Name})
		if used, ok := kernel.CPUTime(k); !ok || used != 42*time.Second {
			t.Errorf("%s: %v, %v", name, used, ok)
		}
	}
}
