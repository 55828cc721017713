package metrics_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"execd/metrics"
)

// now is when the readings of the file trees are taken.
var now = time.Unix(1_700_000_000, 0)

// TestSampler_ThisMachine: what it measures here is possible.
func TestSampler_ThisMachine(t *testing.T) {
	s := metrics.New(metrics.Config{})
	first := read(t, s, now)
	spin(50 * time.Millisecond)
	got := read(t, s, now.Add(50*time.Millisecond)).Since(first)
	for name, r := range map[string]metrics.Resources{"own": got.Resources, "host": got.Host} {
		if r.CPUs <= 0 || r.CPUPercent < 0 || r.CPUPercent > 100 {
			t.Errorf("%s: %v processors, %v %% used", name, r.CPUs, r.CPUPercent)
		}
		if r.MemTotal == 0 || r.MemUsed == 0 || r.MemUsed > r.MemTotal || r.SwapUsed > r.SwapTotal {
			t.Errorf("%s: memory %d of %d, swap %d of %d", name, r.MemUsed, r.MemTotal, r.SwapUsed, r.SwapTotal)
		}
	}
	if got.MemTotal > got.Host.MemTotal || got.CPUs > got.Host.CPUs {
		t.Errorf("the container has more than the machine: %+v", got)
	}
	if got.DiskTotal == 0 || got.DiskUsed > got.DiskTotal {
		t.Errorf("disk: %d of %d", got.DiskUsed, got.DiskTotal)
	}
	if got.Interval != 50*time.Millisecond || got.HostUptime <= 0 {
		t.Errorf("interval %v, uptime of the machine %v", got.Interval, got.HostUptime)
	}
	if got.Host.CPUPercent == 0 && runtime.GOOS == "linux" {
		t.Error("a busy loop has used no processor")
	}
}

// spin uses a processor for at least d, and for some ticks of the kernel's
// clock.
func spin(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		runtime.KeepAlive(end)
	}
}

func read(t *testing.T, s *metrics.Sampler, at time.Time) metrics.Reading {
	t.Helper()
	r, err := s.Read(at)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// tree is a root with files in it.
type tree struct {
	t    *testing.T
	root string
}

// machine returns the /proc and /sys of a machine with 8 processors and 16
// GiB, with nothing about control groups.
func machine(t *testing.T) *tree {
	t.Helper()
	tr := &tree{t, t.TempDir()}
	tr.put("proc/stat", "cpu  1000 0 500 8000 500 0 0 0 0 0\ncpu0 1 2 3\n")
	tr.put("proc/meminfo", "MemTotal: 16777216 kB\nMemFree: 1048576 kB\nMemAvailable: 8388608 kB\nBuffers: 0 kB\n"+
		"Cached: 4194304 kB\nSwapTotal: 2097152 kB\nSwapFree: 1572864 kB\n")
	tr.put("proc/loadavg", "0.50 1.25 2.00 3/456 789\n")
	tr.put("proc/uptime", "3600.50 7000.00\n")
	tr.put("sys/devices/system/cpu/online", "0-7\n")
	return tr
}

func (tr *tree) put(path, text string) {
	tr.t.Helper()
	path = filepath.Join(tr.root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tr.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tr.t.Fatal(err)
	}
}

func (tr *tree) remove(path string) {
	tr.t.Helper()
	if err := os.Remove(filepath.Join(tr.root, path)); err != nil {
		tr.t.Fatal(err)
	}
}

func (tr *tree) sampler() *metrics.Sampler {
	tr.t.Helper()
	if runtime.GOOS != "linux" {
		tr.t.Skip("there is no /proc on this platform")
	}
	return metrics.New(metrics.Config{Root: tr.root})
}

// over takes a sample over a second, in which change happens.
func (tr *tree) over(change func()) metrics.Sample {
	tr.t.Helper()
	s := tr.sampler()
	first := read(tr.t, s, now)
	change()
	return read(tr.t, s, now.Add(time.Second)).Since(first)
}

const gib = 1 << 30

func TestSampler_Machine(t *testing.T) {
	tr := machine(t)
	busy := 50 + 50 + 50 + 30 + 120
	// 50 user, 50 system, 50 irq, 30 softirq, 120 stolen; 500 idle, 100 waiting for disks. Guests are users too.
	got := tr.over(func() { tr.put("proc/stat", "cpu  1050 0 550 8500 600 50 30 120 9 9\n") })
	want := metrics.Resources{
		CPUs: 8, CPUPercent: float64(busy) / float64(busy+600) * 100, MemTotal: 16 * gib, MemUsed: 8 * gib, SwapTotal: 2 * gib, SwapUsed: gib / 2,
	}
	if diff := got.CPUPercent - want.CPUPercent; diff > 1e-9 || diff < -1e-9 || got.Host != got.Resources || got.Limited {
		t.Errorf("%v %% of the processors, want %v %%: %+v", got.CPUPercent, want.CPUPercent, got)
	}
	want.CPUPercent = got.CPUPercent
	if got.Host != want {
		t.Errorf("got %+v, want %+v for machine and container", got, want)
	}
	if got.Load != [3]float64{0.5, 1.25, 2} || got.HostUptime != 3600*time.Second+500*time.Millisecond {
		t.Errorf("load %v, uptime %v", got.Load, got.HostUptime)
	}
}

// TestSampler_First: before a second reading there is no percentage, and a
// clock that stands still gives none either.
func TestSampler_First(t *testing.T) {
	s := machine(t).sampler()
	r := read(t, s, now)
	if got := r.Since(metrics.Reading{}); got.CPUPercent != 0 || got.Interval != 0 || got.MemTotal != 16*gib {
		t.Errorf("the first sample is %+v", got)
	}
	if got := read(t, s, now).Since(r); got.CPUPercent != 0 {
		t.Errorf("%v %% within no time", got.CPUPercent)
	}
}

// TestSampler_OldKernel: without MemAvailable, free and cached memory is.
func TestSampler_OldKernel(t *testing.T) {
	tr := machine(t)
	tr.put("proc/meminfo", "MemTotal: 16777216 kB\nMemFree: 1048576 kB\nBuffers: 1048576 kB\nCached: 2097152 kB\n")
	if got := tr.over(func() {}); got.MemUsed != 12*gib {
		t.Errorf("%d bytes used, want 12 GiB", got.MemUsed)
	}
}

// TestSampler_NoProc: without what everybody asks for it fails, and does not
// tell of a machine without memory.
func TestSampler_NoProc(t *testing.T) {
	for _, file := range []string{"proc/meminfo", "proc/stat"} {
		tr := machine(t)
		s := tr.sampler()
		tr.remove(file)
		if r, err := s.Read(now); err == nil {
			t.Errorf("without %s it measures %+v", file, r)
		}
		tr.put(file, "nothing known\n")
		if r, err := s.Read(now); err == nil {
			t.Errorf("with nothing in %s it measures %+v", file, r)
		}
	}
}

func BenchmarkSampler(b *testing.B) {
	s := metrics.New(metrics.Config{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Read(time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}
