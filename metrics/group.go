package metrics

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// groups are the control groups of this process that set limits: for each
// controller the directories from its own group up to the root of what is
// mounted, since a limit of any of them holds.
type groups struct {
	memory, cpu, cpuset hierarchy
	buf                 []byte
}

// hierarchy is one controller's.
type hierarchy struct {
	v2   bool
	dirs []string // the process's own first
	use  []string // v1: the same groups in the hierarchy of cpuacct
}

// findGroups reads which groups this process is in and where they are
// mounted. What is not there has no limits.
func findGroups(root string) groups {
	member, err := os.ReadFile(root + "/proc/self/cgroup")
	if err != nil {
		return groups{}
	}
	mounts, err := os.ReadFile(root + "/proc/self/mountinfo")
	if err != nil {
		return groups{}
	}
	all := parseMounts(mounts)
	find := func(controller string) hierarchy { return findHierarchy(root, controller, member, all) }
	g := groups{memory: find("memory"), cpu: find("cpu"), cpuset: find("cpuset"), buf: make([]byte, readSize)}
	g.cpu.use = find("cpuacct").dirs
	return g
}

// findHierarchy looks for a hierarchy of version 1 that has the controller,
// and takes the unified one of version 2 otherwise.
func findHierarchy(root, controller string, member []byte, mounts []mount) hierarchy {
	unified := ""
	for line := range bytes.Lines(member) { // 4:memory:/docker/abc
		parts := strings.SplitN(strings.TrimSuffix(string(line), "\n"), ":", 3)
		if len(parts) != 3 {
			continue
		}
		if parts[0] == "0" && parts[1] == "" {
			unified = parts[2]
		}
		if slices.Contains(strings.Split(parts[1], ","), controller) {
			return hierarchy{dirs: groupDirs(root, parts[2], mounts, func(m mount) bool { return m.holds(controller) })}
		}
	}
	if unified == "" {
		return hierarchy{}
	}
	return hierarchy{v2: true, dirs: groupDirs(root, unified, mounts, func(m mount) bool { return m.fs == "cgroup2" })}
}

// groupDirs are the directories of a group and of those above it, as far as
// they are mounted. Where a container sees its own group as the root of the
// mount, the path from /proc/self/cgroup may not be below that root: then the
// mount itself is the group.
func groupDirs(root, path string, mounts []mount, wanted func(mount) bool) []string {
	for _, m := range mounts {
		if !wanted(m) {
			continue
		}
		below, ok := strings.CutPrefix(path, strings.TrimSuffix(m.root, "/"))
		if !ok || strings.HasPrefix(below, "/..") {
			below = ""
		}
		top := filepath.Join(root, m.point)
		dirs := []string{top}
		for dir := filepath.Join(top, below); dir != top && strings.HasPrefix(dir, top); dir = filepath.Dir(dir) {
			dirs = slices.Insert(dirs, len(dirs)-1, dir)
		}
		return dirs
	}
	return nil
}

// mount is what matters of a line of mountinfo.
type mount struct {
	root, point string
	fs, options string
}

func (m mount) holds(controller string) bool {
	return m.fs == "cgroup" && slices.Contains(strings.Split(m.options, ","), controller)
}

// parseMounts reads lines such as
//
//	36 35 98:0 /docker/abc /sys/fs/cgroup/memory rw,noatime shared:1 - cgroup none rw,memory
//
// with any number of optional fields before the dash (proc_pid_mountinfo(5)).
func parseMounts(text []byte) []mount {
	var all []mount
	for line := range bytes.Lines(text) {
		before, after, ok := strings.Cut(string(line), " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !ok || len(left) < 5 || len(right) < 3 || !strings.HasPrefix(right[0], "cgroup") {
			continue
		}
		all = append(all, mount{root: unescape(left[3]), point: unescape(left[4]), fs: right[0], options: right[2]})
	}
	return all
}

// unescape reads the octal escapes of mountinfo: \040 is a space.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) && isOctal(s[i+1:i+4]) {
			b.WriteByte((s[i+1]-'0')<<6 | (s[i+2]-'0')<<3 | (s[i+3] - '0'))
			i += 3
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func isOctal(s string) bool {
	return strings.Trim(s, "01234567") == "" && s[0] <= '3'
}

// noLimit is what files say without one: version 2 says "max", version 1 the
// largest number of whole pages.
const noLimit = math.MaxInt64 - 1<<20

// limit reads a file that holds one number, or "max".
func (g *groups) limit(dir, file string) (uint64, bool) {
	text, err := readFile(dir+"/"+file, g.buf)
	if err != nil {
		return 0, false
	}
	field, _ := nextField(text)
	if len(field) == 0 || string(field) == "max" {
		return 0, false
	}
	n := number(field)
	return n, n < noLimit
}

func (g *groups) usage(dir, file string) (uint64, bool) {
	text, err := readFile(dir+"/"+file, g.buf)
	if err != nil {
		return 0, false
	}
	field, _ := nextField(text)
	return number(field), len(field) > 0
}

func (g *groups) value(dir, file, name string) (uint64, bool) {
	text, err := readFile(dir+"/"+file, g.buf)
	if err != nil {
		return 0, false
	}
	return valueOf(text, name)
}
