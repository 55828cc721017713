package fsops

import (
	"errors"
	"io/fs"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// statxWants is all that an Info tells.
const statxWants = unix.STATX_BASIC_STATS | unix.STATX_BTIME

// describe is lstat(2) and the birth of the inode in one call (statx(2)).
func describe(path string) (Info, error) {
	var st unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, statxWants, &st)
	for errors.Is(err, syscall.EINTR) {
		err = unix.Statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW, statxWants, &st)
	}
	if errors.Is(err, syscall.ENOSYS) || errors.Is(err, syscall.EPERM) { // an old kernel, or a filter of calls
		return describePlain(path)
	}
	if err != nil {
		return Info{}, &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	now := time.Now()
	d := Info{
		Path: path, Size: int64(st.Size), Mode: octalDigits(int(st.Mode & 0o7777)), //nolint:gosec // below 2^63
		ModifiedAt: statxTime(st.Mtime), CreatedAt: statxTime(st.Ctime),
		Owner: users.nameAt(now, int(st.Uid)), Group: groups.nameAt(now, int(st.Gid)),
	}
	if st.Mask&unix.STATX_BTIME != 0 {
		d.CreatedAt = statxTime(st.Btime)
	}
	d.ETag = etagOf(st.Ino, d.Size, d.ModifiedAt.UnixNano(), statxTime(st.Ctime).UnixNano())
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		d.Type = "file"
	case unix.S_IFDIR:
		d.Type = "directory"
	case unix.S_IFLNK:
		d.Type = "symlink"
	default:
		d.Type = "other"
	}
	return d, nil
}

func statxTime(t unix.StatxTimestamp) time.Time { return time.Unix(t.Sec, int64(t.Nsec)) }

// birth has nothing to add where statx(2) does not work.
func birth(string) (time.Time, bool) { return time.Time{}, false }
