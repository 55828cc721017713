package metrics

// names are what the two versions call the same thing.
type names struct {
	limit, current  string
	swapLimit, swap string
	stat, inactive  string
	events, oomKill string
}

var (
	memoryV1 = names{
		limit: "memory.limit_in_bytes", current: "memory.usage_in_bytes",
		swapLimit: "memory.memsw.limit_in_bytes", swap: "memory.memsw.usage_in_bytes", // with the memory
		stat: "memory.stat", inactive: "total_inactive_file",
		events: "memory.oom_control", oomKill: "oom_kill",
	}
	memoryV2 = names{
		limit: "memory.max", current: "memory.current",
		swapLimit: "memory.swap.max", swap: "memory.swap.current",
		stat: "memory.stat", inactive: "inactive_file",
		events: "memory.events", oomKill: "oom_kill",
	}
)

// read replaces in r what the groups leave less of than the machine has.
func (g *groups) read(r *Reading) {
	s := &r.sample
	s.OOMKills = g.oomKills()
	memory, cpu := g.readMemory(s), g.readCPU(r)
	s.Limited = memory || cpu
}

// readMemory takes the group with the tightest limit. Its usage is that of
// all who share the limit, without what the kernel gives back when memory is
// short: so the rest is what this container can still have. The kubelet
// evicts by the same number.
func (g *groups) readMemory(s *Sample) bool {
	n := memoryV1
	if g.memory.v2 {
		n = memoryV2
	}
	tightest := ""
	for _, dir := range g.memory.dirs {
		if limit, ok := g.limit(dir, n.limit); ok && limit < s.MemTotal {
			s.MemTotal, tightest = limit, dir
		}
	}
	if tightest == "" {
		return false
	}
	used, ok := g.usage(tightest, n.current)
	if !ok {
		s.MemTotal = s.Host.MemTotal
		return false
	}
	inactive, _ := g.value(tightest, n.stat, n.inactive)
	s.MemUsed = min(less(used, inactive), s.MemTotal)
	g.readSwap(s, tightest, n, used)
	return true
}

// readSwap reads the swap of the group that limits the memory. Version 1
// counts it together with the memory.
func (g *groups) readSwap(s *Sample, dir string, n names, memoryUsed uint64) {
	limit, limited := g.limit(dir, n.swapLimit)
	used, ok := g.usage(dir, n.swap)
	if !ok {
		return // the kernel does not count swap by group
	}
	if !g.memory.v2 {
		limit, used = less(limit, s.MemTotal), less(used, memoryUsed)
	}
	if limited {
		s.SwapTotal = min(limit, s.SwapTotal)
	}
	s.SwapUsed = min(used, s.SwapTotal)
}

// readCPU takes the group with the smallest quota, or the set of processors
// that this process may run on where that is smaller.
func (g *groups) readCPU(r *Reading) bool {
	s := &r.sample
	level := -1
	for i, dir := range g.cpu.dirs {
		if cpus, ok := g.quota(dir); ok && cpus < s.CPUs {
			s.CPUs, level = cpus, i
		}
	}
	if n := g.allowed(); n > 0 && float64(n) < s.CPUs {
		s.CPUs, level = float64(n), 0
	}
	if level < 0 {
		return false
	}
	r.own, r.counts = g.cpuSeconds(level) // else only the machine's are known
	return true
}

// quota is how many processors a group may use, in time per period.
func (g *groups) quota(dir string) (float64, bool) {
	var quota, period uint64
	if g.cpu.v2 {
		text, err := readFile(dir+"/cpu.max", g.buf) // "50000 100000", or "max 100000"
		if err != nil {
			return 0, false
		}
		first, rest := nextField(text)
		second, _ := nextField(rest)
		quota, period = number(first), number(second)
	} else {
		var limited bool
		if quota, limited = g.limit(dir, "cpu.cfs_quota_us"); !limited { // "-1" reads as 0
			return 0, false
		}
		period, _ = g.limit(dir, "cpu.cfs_period_us")
	}
	if quota == 0 || period == 0 {
		return 0, false
	}
	return float64(quota) / float64(period), true
}

// allowed is how many processors the group may run on, or 0 if unknown.
func (g *groups) allowed() int {
	if len(g.cpuset.dirs) == 0 {
		return 0
	}
	for _, file := range []string{"cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus"} {
		text, err := readFile(g.cpuset.dirs[0]+"/"+file, g.buf)
		if err == nil {
			return countCPUs(text)
		}
	}
	return 0
}

// cpuSeconds is the processor time of a group, by its place above this
// process's own.
func (g *groups) cpuSeconds(level int) (float64, bool) {
	if g.cpu.v2 {
		if level >= len(g.cpu.dirs) {
			return 0, false
		}
		n, ok := g.value(g.cpu.dirs[level], "cpu.stat", "usage_usec")
		return float64(n) / 1e6, ok
	}
	if level >= len(g.cpu.use) {
		return 0, false
	}
	n, ok := g.usage(g.cpu.use[level], "cpuacct.usage")
	return float64(n) / 1e9, ok
}

// oomKills counts the processes of this process's group that were killed.
func (g *groups) oomKills() uint64 {
	n := memoryV1
	if g.memory.v2 {
		n = memoryV2
	}
	var kills uint64
	for _, dir := range g.memory.dirs {
		if k, ok := g.value(dir, n.events, n.oomKill); ok {
			kills = max(kills, k) // a group above counts those below it in version 2, not in 1
		}
	}
	return kills
}

// MemoryLimit is what the control groups of this process let it have, in
// bytes, or 0 without a limit.
func MemoryLimit() uint64 {
	g := findGroups("")
	n := memoryV1
	if g.memory.v2 {
		n = memoryV2
	}
	var least uint64
	for _, dir := range g.memory.dirs {
		if limit, ok := g.limit(dir, n.limit); ok && (least == 0 || limit < least) {
			least = limit
		}
	}
	return least
}
