package shell

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// sinceBoot is now, as proc_pid_stat(5) tells when a process began.
func sinceBoot() uint64 {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &now) != nil {
		return 0
	}
	return uint64(now.Nano()) / uint64(tick)
}

// tick is what times in proc_pid_stat(5) are counted in (USER_HZ).
const tick = time.Second / 100

// hatched tells who began in the run with this id and carries no mark of any
// run: those whom the shell itself has started, and those of its session who
// have lost their parents. Who has a parent elsewhere in the session belongs
// to what that belongs to. Who began less than a tick before the run
// is taken for one of it; the alternative is to give up the shell for it, and
// with that everybody.
func (n nest) hatched(t *table, run string) func(stat) bool {
	if n.shell == 0 {
		return func(stat) bool { return false }
	}
	inGroup := map[int]bool{}
	for _, pid := range n.group.pids() {
		inGroup[pid] = true
	}
	all := make(map[int]stat, len(t.all))
	for _, s := range t.all {
		all[s.pid] = s
	}
	belongs := func(s stat) bool { return inGroup[s.pid] || slices.Contains(t.marks(s), n.id) }
	ofOther := func(id string) bool { return id != n.id && id != run }
	return func(s stat) bool {
		if s.start < n.since || s.zombie || s.pid == n.shell || slices.ContainsFunc(t.marks(s), ofOther) {
			return false
		}
		parent, there := all[s.parent]
		if there && belongs(parent) {
			return parent.pid == n.shell
		}
		return belongs(s)
	}
}

// hatching is how long, in ticks, what a shell has forked may take to execute
// its program. Until then it is that shell, and takes a signal without a
// word.
const hatching = 20

// settled are those of them who would act on a signal.
func settled(members []member) []member {
	now := sinceBoot()
	return slices.DeleteFunc(slices.Clone(members), func(m member) bool { return m.bare && m.start+hatching > now })
}
