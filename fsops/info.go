package fsops

import (
	"io/fs"
	"os"
	"time"
	"unicode/utf8"
)

// Info is what there is to know about a file. The times have the precision of
// the filesystem.
type Info struct {
	Path       string    `json:"path"`                  // absolute
	PathBase64 []byte    `json:"path_base64,omitempty"` // of a path that is not UTF-8, which JSON cannot hold
	Type       string    `json:"type"`                  // file, directory, symlink or other
	Size       int64     `json:"size"`                  // bytes
	ModifiedAt time.Time `json:"modified_at"`
	CreatedAt  time.Time `json:"created_at"` // of the inode; of its last change where the filesystem keeps no birth
	Owner      string    `json:"owner"`      // name, or number without one
	Group      string    `json:"group"`
	Mode       int       `json:"mode"` // decimal digits that are octal, see ParseMode
	ETag       string    `json:"etag"`
}

// Stat describes what is at path. A symlink is described itself.
func Stat(path string) (Info, error) {
	d, err := describe(path)
	if err != nil {
		if absent(err) { // below a file, too, there is nothing, rather than something wrong with it
			err = &fs.PathError{Op: "lstat", Path: path, Err: fs.ErrNotExist}
		}
		return Info{}, err
	}
	if !utf8.ValidString(path) {
		d.PathBase64 = []byte(path)
	}
	return d, nil
}

// lstat is lstat(2), to which there is nothing below a file.
func lstat(path string) (fs.FileInfo, error) {
	info, err := os.Lstat(path)
	if err != nil && absent(err) {
		return nil, &fs.PathError{Op: "lstat", Path: path, Err: fs.ErrNotExist}
	}
	return info, err //nolint:wrapcheck // it names the path
}

// describePlain makes an Info of what any system tells.
func describePlain(path string) (Info, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return Info{}, err //nolint:wrapcheck // it names the path
	}
	d := Info{
		Path: path, Type: fileType(info.Mode()), Size: info.Size(),
		ModifiedAt: info.ModTime(), CreatedAt: info.ModTime(), Mode: ModeDigits(info.Mode()),
		ETag: ETag(info),
	}
	d.describeInode(info)
	return d, nil
}

func fileType(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return "file"
	case mode.IsDir():
		return "directory"
	case mode&fs.ModeSymlink != 0:
		return "symlink"
	}
	return "other"
}
