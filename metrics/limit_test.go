package metrics_test

import (
	"testing"

	"execd/metrics"
)

// mib is what container limits are written in below.
const mib = 1 << 20

// v2 puts a machine's process into the group path of version 2, with what is
// mounted at the mount's root.
func v2(t *testing.T, path, root string) *tree {
	t.Helper()
	tr := machine(t)
	tr.put("proc/self/cgroup", "0::"+path+"\n")
	tr.put("proc/self/mountinfo", "22 1 0:5 / /proc rw - proc none rw\n"+
		"30 24 0:26 "+root+" /sys/fs/cgroup rw,nosuid shared:9 master:3 - cgroup2 none rw,nsdelegate\n")
	return tr
}

// TestSampler_V2: a container with a namespace of its own, as Docker and
// containerd make them.
func TestSampler_V2(t *testing.T) {
	tr := v2(t, "/", "/")
	const dir = "sys/fs/cgroup/"
	tr.put(dir+"memory.max", "536870912\n")
	tr.put(dir+"memory.current", "314572800\n")
	tr.put(dir+"memory.stat", "anon 1\nfile 2\ninactive_file 104857600\n")
	tr.put(dir+"memory.swap.max", "1073741824\n")
	tr.put(dir+"memory.swap.current", "1048576\n")
	tr.put(dir+"memory.events", "low 0\nhigh 0\nmax 4\noom 2\noom_kill 3\n")
	tr.put(dir+"cpu.max", "150000 100000\n")
	tr.put(dir+"cpu.stat", "usage_usec 1000000\nuser_usec 1\n")
	tr.put(dir+"cpuset.cpus.effective", "0-7\n")
	got := tr.over(func() { tr.put(dir+"cpu.stat", "usage_usec 1750000\nuser_usec 1\n") })
	want := metrics.Resources{
		CPUs: 1.5, CPUPercent: 50, MemTotal: 512 * mib, MemUsed: 200 * mib, SwapTotal: 1024 * mib, SwapUsed: mib,
	}
	if got.Resources != want || !got.Limited {
		t.Errorf("container: %+v, want %+v", got.Resources, want)
	}
	if got.Host.CPUs != 8 || got.Host.MemTotal != 16*gib || got.Host.MemUsed != 8*gib {
		t.Errorf("machine: %+v", got.Host)
	}
	if got.OOMKills != 3 {
		t.Errorf("%d processes killed, want 3", got.OOMKills)
	}
}

// TestSampler_V2Above: a pod's limit above that of the container is the one
// that holds when it is tighter, and everybody's use counts against it.
func TestSampler_V2Above(t *testing.T) {
	tr := v2(t, "/pod/container", "/")
	tr.put("sys/fs/cgroup/pod/container/memory.max", "4294967296\n")
	tr.put("sys/fs/cgroup/pod/container/memory.current", "1\n")
	tr.put("sys/fs/cgroup/pod/container/cpu.max", "max 100000\n")
	tr.put("sys/fs/cgroup/pod/container/cpu.stat", "usage_usec 0\n")
	tr.put("sys/fs/cgroup/pod/memory.max", "1073741824\n")
	tr.put("sys/fs/cgroup/pod/memory.current", "734003200\n")
	tr.put("sys/fs/cgroup/pod/memory.stat", "inactive_file 0\n")
	tr.put("sys/fs/cgroup/pod/cpu.max", "200000 100000\n")
	tr.put("sys/fs/cgroup/pod/cpu.stat", "usage_usec 0\n")
	got := tr.over(func() { tr.put("sys/fs/cgroup/pod/cpu.stat", "usage_usec 500000\n") })
	if got.MemTotal != gib || got.MemUsed != 700*mib {
		t.Errorf("memory: %d of %d, want 700 MiB of 1 GiB", got.MemUsed, got.MemTotal)
	}
	if got.CPUs != 2 || got.CPUPercent != 25 {
		t.Errorf("%v %% of %v processors, want 25 %% of 2", got.CPUPercent, got.CPUs)
	}
}

// TestSampler_V2Unlimited: groups without limits are no container.
func TestSampler_V2Unlimited(t *testing.T) {
	tr := v2(t, "/user.slice", "/")
	tr.put("sys/fs/cgroup/user.slice/memory.max", "max\n")
	tr.put("sys/fs/cgroup/user.slice/memory.current", "1048576\n")
	tr.put("sys/fs/cgroup/user.slice/cpu.max", "max 100000\n")
	if got := tr.over(func() {}); got.Limited || got.Resources != got.Host {
		t.Errorf("got %+v, want the machine's numbers", got)
	}
}

// TestSampler_LimitAboveMachine: a limit that the machine cannot reach is
// none.
func TestSampler_LimitAboveMachine(t *testing.T) {
	tr := v2(t, "/", "/")
	tr.put("sys/fs/cgroup/memory.max", "1099511627776\n")
	tr.put("sys/fs/cgroup/memory.current", "1048576\n")
	tr.put("sys/fs/cgroup/cpu.max", "3200000 100000\n")
	if got := tr.over(func() {}); got.Limited || got.Resources != got.Host {
		t.Errorf("got %+v, want the machine's numbers", got)
	}
}

// TestSampler_Foreign: a path that is not below what is mounted, as a
// container without a namespace of its own may see it, means the mount.
func TestSampler_Foreign(t *testing.T) {
	for _, c := range []struct{ path, root string }{
		{"/docker/abc", "/docker/abc"}, {"/../other", "/"}, {"/elsewhere", "/docker/abc"},
	} {
		tr := v2(t, c.path, c.root)
		tr.put("sys/fs/cgroup/memory.max", "1073741824\n")
		tr.put("sys/fs/cgroup/memory.current", "1048576\n")
		if got := tr.over(func() {}); got.MemTotal != gib || got.MemUsed != mib {
			t.Errorf("%+v: memory %d of %d, want 1 MiB of 1 GiB", c, got.MemUsed, got.MemTotal)
		}
	}
}

// TestSampler_NewQuota: a quota that is changed meanwhile holds for the whole
// sample, and no percentage is beyond its bounds.
func TestSampler_NewQuota(t *testing.T) {
	tr := v2(t, "/", "/")
	tr.put("sys/fs/cgroup/cpu.max", "400000 100000\n")
	tr.put("sys/fs/cgroup/cpu.stat", "usage_usec 0\n")
	got := tr.over(func() {
		tr.put("sys/fs/cgroup/cpu.max", "100000 100000\n")
		tr.put("sys/fs/cgroup/cpu.stat", "usage_usec 3000000\n")
	})
	if got.CPUs != 1 || got.CPUPercent != 100 {
		t.Errorf("%v %% of %v processors, want 100 %% of 1", got.CPUPercent, got.CPUs)
	}
}

// TestSampler_CPUSet: a process that may run on few processors has those.
func TestSampler_CPUSet(t *testing.T) {
	tr := v2(t, "/", "/")
	tr.put("sys/fs/cgroup/cpuset.cpus.effective", "1,4-5\n")
	tr.put("sys/fs/cgroup/cpu.stat", "usage_usec 0\n")
	got := tr.over(func() { tr.put("sys/fs/cgroup/cpu.stat", "usage_usec 1500000\n") })
	if got.CPUs != 3 || got.CPUPercent != 50 {
		t.Errorf("%v %% of %v processors, want 50 %% of 3", got.CPUPercent, got.CPUs)
	}
}

// TestSampler_V1: version 1 as Docker mounts it, beside the unified hierarchy
// without controllers that systemd has in hybrid mode.
func TestSampler_V1(t *testing.T) {
	tr := machine(t)
	tr.put("proc/self/cgroup", "12:cpuset:/docker/abc\n5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n1:name=systemd:/x\n0::/\n")
	tr.put("proc/self/mountinfo", "40 24 0:26 /docker/abc /sys/fs/cgroup/memory ro,nosuid - cgroup none rw,memory\n"+
		"41 24 0:27 /docker/abc /sys/fs/cgroup/cpu\\054cpuacct ro - cgroup none rw,cpu,cpuacct\n"+
		"42 24 0:28 /docker/abc /sys/fs/cgroup/cpuset ro - cgroup none rw,cpuset\n"+
		"43 24 0:29 / /sys/fs/cgroup/unified ro - cgroup2 none rw\n")
	const memory, cpu = "sys/fs/cgroup/memory/", "sys/fs/cgroup/cpu,cpuacct/"
	tr.put(memory+"memory.limit_in_bytes", "1073741824\n")
	tr.put(memory+"memory.usage_in_bytes", "629145600\n")
	tr.put(memory+"memory.stat", "cache 5\ninactive_file 7\ntotal_inactive_file 104857600\n")
	tr.put(memory+"memory.memsw.limit_in_bytes", "1610612736\n")
	tr.put(memory+"memory.memsw.usage_in_bytes", "681574400\n")
	tr.put(memory+"memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n")
	tr.put(cpu+"cpu.cfs_quota_us", "50000\n")
	tr.put(cpu+"cpu.cfs_period_us", "100000\n")
	tr.put(cpu+"cpuacct.usage", "1000000000\n")
	tr.put("sys/fs/cgroup/cpuset/cpuset.cpus", "0-7\n")
	got := tr.over(func() { tr.put(cpu+"cpuacct.usage", "1250000000\n") })
	want := metrics.Resources{
		CPUs: 0.5, CPUPercent: 50, MemTotal: gib, MemUsed: 500 * mib, SwapTotal: 512 * mib, SwapUsed: 50 * mib,
	}
	if got.Resources != want || got.OOMKills != 1 {
		t.Errorf("container: %+v, want %+v; %d killed, want 1", got.Resources, want, got.OOMKills)
	}
}

// TestSampler_V1Unlimited: version 1 says "no limit" with a number of pages
// that nobody has, and with -1.
func TestSampler_V1Unlimited(t *testing.T) {
	tr := machine(t)
	tr.put("proc/self/cgroup", "5:cpu:/a\n4:memory:/a\n")
	tr.put("proc/self/mountinfo", "40 24 0:26 / /cg/memory ro - cgroup none rw,memory\n"+
		"41 24 0:27 / /cg/cpu ro - cgroup none rw,cpu\n")
	tr.put("cg/memory/a/memory.limit_in_bytes", "9223372036854771712\n")
	tr.put("cg/memory/a/memory.usage_in_bytes", "5\n")
	tr.put("cg/cpu/a/cpu.cfs_quota_us", "-1\n")
	tr.put("cg/cpu/a/cpu.cfs_period_us", "100000\n")
	if got := tr.over(func() {}); got.Limited || got.Resources != got.Host {
		t.Errorf("got %+v, want the machine's numbers", got)
	}
}
