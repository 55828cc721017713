//go:build unix

package fsops

import (
	"io/fs"
	"os"
	"syscall"
)

// describeInode fills in what only the system's own structure has.
func (d *Info) describeInode(info fs.FileInfo) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return
	}
	d.Owner, d.Group = users.name(int(st.Uid)), groups.name(int(st.Gid))
	d.CreatedAt = changeTime(st)
	if t, ok := birth(d.Path); ok {
		d.CreatedAt = t
	}
}

// version is what changes when a file does: which inode it is, and when that
// changed last.
func version(info fs.FileInfo) (inode uint64, changed int64) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	return st.Ino, changeTime(st).UnixNano()
}

// keepOwner gives what is at path to the owner of another file.
func keepOwner(path string, info fs.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return os.Lchown(path, int(st.Uid), int(st.Gid)) //nolint:wrapcheck // it names the path
}

// ownerOf is who a file belongs to, if there is one.
func ownerOf(info fs.FileInfo) (uid, gid int, ok bool) {
	if info == nil {
		return 0, 0, false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(st.Uid), int(st.Gid), true
}
