package shell

import (
	"bytes"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// stat is what /proc/[pid]/stat says of a process (proc_pid_stat(5)).
type stat struct {
	pid, parent, group, session int
	zombie, stopped             bool
	start                       uint64
}

// members are those who live of the session, the control group and the nest,
// of those who carry the id or have been seen, and of whoever was born to one
// of them: so also those that have left the session and lost their parents.
func (k kin) members() []member { return k.among(processes()) }

// near is members among those in a control group, which takes no look at all
// others. It is not steady where somebody has ended meanwhile, and may have
// started others first.
func (k kin) near(where *cgroup) (found []member, steady bool) {
	if where == nil {
		return k.members(), true
	}
	all, steady := statsOf(where.pids())
	return k.among(&table{all: all}), steady
}

func (k kin) among(t *table) []member {
	known := map[int]bool{}
	for _, pid := range k.group.pids() {
		known[pid] = true
	}
	hatched := k.nest.hatched(t, k.id)
	for _, s := range t.all {
		_, seen := k.seen[identity{s.pid, s.start}]
		if seen || k.session != 0 && s.session == k.session || k.marks(t, s) || hatched(s) {
			known[s.pid] = true
		}
	}
	for grown := true; grown; {
		grown = false
		for _, s := range t.all {
			if !known[s.pid] && known[s.parent] {
				known[s.pid], grown = true, true
			}
		}
	}
	var members []member
	for _, s := range t.all {
		if known[s.pid] && !s.zombie {
			members = append(members, member{identity{s.pid, s.start}, s.group, k.nest.shell != 0 && !k.marks(t, s)})
		}
	}
	return members
}

// marks reports whether a process carries the id.
func (k kin) marks(t *table, s stat) bool {
	return k.id != "" && !s.zombie && slices.Contains(t.marks(s), k.id)
}

// statsOf reads what is known of processes, and reports whether all of them
// are still there.
func statsOf(pids []int) (all []stat, complete bool) {
	all = make([]stat, 0, len(pids))
	buf := make([]byte, 1024)
	for _, pid := range pids {
		if s, ok := readStat(pid, buf); ok {
			all = append(all, s)
		}
	}
	return all, len(all) == len(pids)
}

func procPath(pid int, file string) string { return "/proc/" + strconv.Itoa(pid) + "/" + file }

func readStat(pid int, buf []byte) (stat, bool) {
	fd, err := unix.Open(procPath(pid, "stat"), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return stat{}, false
	}
	n, err := unix.Read(fd, buf)
	_ = unix.Close(fd)
	if err != nil || n <= 0 {
		return stat{}, false
	}
	return parseStat(pid, buf[:n])
}

// parseStat reads the fields behind the name, which is in parentheses and may
// hold anything, parentheses included.
func parseStat(pid int, text []byte) (stat, bool) {
	after, ok := afterLast(text, ')')
	fields := bytes.Fields(after)
	const state, parent, group, session, start = 0, 1, 2, 3, 19
	if !ok || len(fields) <= start || len(fields[state]) != 1 {
		return stat{}, false
	}
	is := fields[state][0]
	s := stat{pid: pid, zombie: is == 'Z' || is == 'X', stopped: is == 'T'}
	var errs [4]error
	s.parent, errs[0] = strconv.Atoi(string(fields[parent]))
	s.group, errs[1] = strconv.Atoi(string(fields[group]))
	s.session, errs[2] = strconv.Atoi(string(fields[session]))
	s.start, errs[3] = strconv.ParseUint(string(fields[start]), 10, 64)
	return s, errs == [4]error{}
}

func afterLast(b []byte, sep byte) (after []byte, found bool) {
	if i := bytes.LastIndexByte(b, sep); i >= 0 {
		return b[i+1:], true
	}
	return nil, false
}

// signalAll sends a signal to each member that is still the process it was.
// It fails with ESRCH where none is.
func signalAll(members []member, sig syscall.Signal) error {
	err := error(syscall.ESRCH)
	for _, m := range members {
		if signalMember(m, sig) == nil {
			err = nil
		}
	}
	return err
}

// signalMember holds the process by a pidfd while it makes sure who it is.
func signalMember(m member, sig syscall.Signal) error {
	fd, err := unix.PidfdOpen(m.pid, 0)
	if err == unix.ENOSYS || err == unix.EPERM {
		return checkedKill(m, sig)
	}
	if err != nil {
		return err //nolint:wrapcheck // an error number says it all
	}
	defer func() { _ = unix.Close(fd) }()
	if !m.lives() {
		return syscall.ESRCH
	}
	return unix.PidfdSendSignal(fd, sig, nil, 0) //nolint:wrapcheck // likewise
}

func checkedKill(m member, sig syscall.Signal) error {
	if !m.lives() {
		return syscall.ESRCH
	}
	return kill(m.pid, sig)
}

func (m member) lives() bool {
	s, ok := readStat(m.pid, make([]byte, 1024))
	return ok && s.start == m.start && !s.zombie
}
