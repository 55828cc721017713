package shell

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// openGroups makes the directory of the groups and removes those of
// processes that are gone. It is empty where that is not possible: no cgroup
// file system of version 2, one that may not be written to, or no cgroup.kill,
// which came with Linux 5.14. It tells whether the kernel counts more for them
// than the time of the processors.
func openGroups() (home string, counts bool) {
	own, err := ownGroup()
	if err != nil {
		return "", false
	}
	const prefix = "execd-"
	stale, _ := filepath.Glob(filepath.Join(own, prefix+"*")) // the pattern is well-formed
	for _, path := range stale {
		if errors.Is(kill(pidIn(filepath.Base(path)[len(prefix):]), 0), syscall.ESRCH) {
			removeTree(path)
		}
	}
	path := filepath.Join(own, prefix+strconv.Itoa(os.Getpid()))
	removeTree(path) // of a process that had this id
	if os.Mkdir(path, 0o755) != nil {
		return "", false
	}
	if _, err := os.Stat(filepath.Join(path, "cgroup.kill")); err != nil {
		_ = os.Remove(path) // just made
		return "", false
	}
	return path, countFor(path)
}

func pidIn(name string) int {
	if pid, err := strconv.Atoi(name); err == nil && pid > 0 {
		return pid
	}
	return os.Getpid() // not one of ours: let it be
}

// removeTree removes a group and those below it, as far as they are empty.
func removeTree(path string) {
	entries, _ := os.ReadDir(path) // gone: nothing to remove
	for _, e := range entries {
		if e.IsDir() {
			removeTree(filepath.Join(path, e.Name()))
		}
	}
	_ = os.Remove(path) // busy: somebody lives in it
}

var errNoGroups = errors.New("no cgroup file system of version 2")

// ownGroup is the directory of the group that this process is in.
func ownGroup() (string, error) {
	memberships, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", fmt.Errorf("find control group: %w", err)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", fmt.Errorf("find control group: %w", err)
	}
	for line := range strings.Lines(string(memberships)) {
		if group, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "0::"); ok {
			return groupPath(string(mounts), group)
		}
	}
	return "", errNoGroups
}

// groupPath finds a group below the mount that shows it: field 4 of a line is
// the group at the root of the mount, field 5 where it is mounted, and behind
// a hyphen comes the type (proc_pid_mountinfo(5)).
func groupPath(mounts, group string) (string, error) {
	const root, point, kind = 3, 4, 0
	for line := range strings.Lines(mounts) {
		before, after, ok := strings.Cut(line, " - ")
		mount, system := strings.Fields(before), strings.Fields(after)
		if !ok || len(mount) <= point || len(system) == 0 || system[kind] != "cgroup2" {
			continue
		}
		if rest, below := strings.CutPrefix(group, strings.TrimSuffix(mount[root], "/")); below {
			return filepath.Join(mount[point], rest), nil
		}
	}
	return "", errNoGroups
}
