package fsops

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// watchedDir is a directory with a watch. It is a node of a tree, so that a
// rename of a directory changes one of them.
type watchedDir struct {
	wd      int32
	parent  *watchedDir // nil of the root
	name    string
	dirs    map[string]*watchedDir
	dropped bool
	also    []lateEntry // where it has been seen too
	info    fs.FileInfo

	// What was found when the directory was looked through, while events that
	// are older than that may still come. They would tell it again.
	found   map[string]struct{}
	foundAt int64
}

// below is the path of a name in the directory, from the root.
func (d *watchedDir) below(name string) string {
	for ; d.parent != nil; d = d.parent {
		name = filepath.Join(d.name, name)
	}
	return name
}

func (d *watchedDir) attach(to *watchedDir, name string) {
	d.parent, d.name = to, name
	if to.dirs == nil {
		to.dirs = map[string]*watchedDir{}
	}
	to.dirs[name] = d
}

func (d *watchedDir) detach() {
	if d.parent != nil && d.parent.dirs[d.name] == d {
		delete(d.parent.dirs, d.name)
	}
}

// settle forgets what was found where no older event can come any more.
func (o *observer) settle() {
	for len(o.settling) > 0 && o.settling[0].foundAt <= o.read {
		o.settling[0].found = nil
		o.settling = o.settling[1:]
	}
}

// drop ends the watches of a directory and of all that are below it.
func (o *observer) drop(d *watchedDir) {
	d.detach()
	d.dropped = true
	if o.dirs[d.wd] == d {
		delete(o.dirs, d.wd)
		_, _ = unix.InotifyRmWatch(o.fd, uint32(d.wd)) //nolint:gosec // it may be gone with the directory
	}
	for _, below := range d.dirs {
		o.drop(below)
	}
	o.late = append(o.late, d.also...)
}

// made reports whether a directory is one that the kernel makes up: nothing
// is told of what happens there.
func made(f *os.File) bool {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &st); err != nil {
		return false
	}
	switch int64(st.Type) { //nolint:unconvert // its type depends on the architecture
	case unix.PROC_SUPER_MAGIC, unix.SYSFS_MAGIC, unix.CGROUP_SUPER_MAGIC, unix.CGROUP2_SUPER_MAGIC,
		unix.DEBUGFS_MAGIC, unix.TRACEFS_MAGIC, unix.BPF_FS_MAGIC:
		return true
	}
	return false
}

// replaces reports whether a draft of that name takes the place of a file.
func replaces(draft string) bool { return strings.HasSuffix(draft, draftReplaces) }
