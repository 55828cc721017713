package metrics

import (
	"math"
	"testing"
)

func TestCountCPUs(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "\n": 0, "0\n": 1, "0-3\n": 4, "0-3,8,10-11\n": 7, "3-1": 0, "x,2": 1, "-5": 0, "0-99999999999": 0,
	} {
		if got := countCPUs([]byte(text)); got != want {
			t.Errorf("%q has %d processors, want %d", text, got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	for text, want := range map[string]uint64{
		"": 0, "-1": 0, "max": 0, "0": 0, "42": 42, "9223372036854771712": 9223372036854771712,
		"18446744073709551616": math.MaxUint64, "99999999999999999999999": math.MaxUint64,
	} {
		if got := number([]byte(text)); got != want {
			t.Errorf("%q is %d, want %d", text, got, want)
		}
	}
}

func FuzzGroups(f *testing.F) {
	f.Add([]byte("0::/a/b\n"), []byte("30 24 0:26 / /sys/fs/cgroup rw shared:9 - cgroup2 none rw\n"))
	f.Add([]byte("5:cpu,cpuacct:/x\n"), []byte("41 24 0:27 /x /cg/cpu\\040here ro - cgroup none rw,cpu,cpuacct\n"))
	f.Add([]byte("0::/../..\n4:memory\n"), []byte("1 2 3 / - cgroup\n - - -\n1 2 3:4 /\\ /\\777 rw - cgroup2 x y\n"))
	f.Fuzz(func(t *testing.T, member, mounts []byte) {
		all := parseMounts(mounts)
		for _, controller := range []string{"memory", "cpu"} {
			h := findHierarchy("/root", controller, member, all)
			for i, dir := range h.dirs {
				if len(dir) < len("/root") || dir[:5] != "/root" {
					t.Errorf("group %d is in %q, outside of the root", i, dir)
				}
			}
		}
	})
}
