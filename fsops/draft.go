package fsops

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// draftPrefix begins the names of drafts, so that a listing can tell them
// from files. A draft has a name for an instant only, where the filesystem
// can make files without one.
const draftPrefix = ".execd-draft-"

// draftReplaces ends the names of drafts that take the place of a file, so
// that whoever watches can tell a new file from new content.
const draftReplaces = "-over"

// IsDraft reports whether name, without its directory, is that of a file or a
// directory that is not yet in its place.
func IsDraft(name string) bool { return strings.HasPrefix(name, draftPrefix) }

// Placement says where content goes, and whose it is there.
type Placement struct {
	Path  string       // absolute; parents are made
	Mode  *fs.FileMode // nil keeps that of an existing file, and is 0777 less the umask for a new one
	Owner Owner        // who is not named stays
}

// Draft is the next content of a file: written beside it, then put into its
// place in one step, so that a reader has the old content or the new one. It
// is for one goroutine. Close it in any case; what was not committed is gone
// then.
type Draft struct {
	place     Placement
	target    string // the path with a symlink at its end followed
	dir       string // of the draft: that of the target, or of the nearest parent there is
	file      *os.File
	name      string // "" while the file has none
	forget    func() // takes back the note of the name; nil without one
	sealed    bool
	overwrite bool   // the old file cannot be replaced, only written
	origin    string // what an adopted file was called
}

// NewDraft begins the content of a file. It fails where that could not become
// a file: at a directory, a device, below a file, or where nothing may be
// written.
func NewDraft(place Placement) (*Draft, error) { return newDraft(place, openUnnamed) }

// newDraft is NewDraft where open makes files without a name, or fails.
func newDraft(place Placement, open func(dir string) (*os.File, error)) (*Draft, error) {
	d := &Draft{place: place}
	old, err := d.follow()
	if err != nil {
		return nil, err
	}
	if d.dir, err = nearest(filepath.Dir(d.target)); err != nil {
		return nil, pathError("write", place.Path, err)
	}
	err = d.make(old, open)
	beside := !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS) && !errors.Is(err, fs.ErrNotExist)
	if old != nil && !beside && writable(d.target) {
		// Nothing can be made beside it, but it can be written, as a file that
		// is mounted by itself into what is read-only, or one of the kernel's.
		d.dir, d.overwrite = os.TempDir(), true
		err = d.make(old, open)
	}
	if err != nil {
		return nil, pathError("write", place.Path, err)
	}
	return d, nil
}

// make makes the file in the draft's directory, where it can be without a
// name.
func (d *Draft) make(old fs.FileInfo, open func(dir string) (*os.File, error)) (err error) {
	if d.file, err = open(d.dir); err == nil {
		return nil
	}
	// Whoever may not read the file in the end may not read it before.
	perm := fs.FileMode(0o777)
	if old != nil || d.place.Mode != nil {
		perm = 0o600
	}
	d.name = d.freshName(old != nil)
	d.forget = note(d.name, "")
	if d.file, err = os.OpenFile(d.name, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm); err != nil {
		d.unnamed()
		return err //nolint:wrapcheck // the caller does
	}
	return nil
}

// unnamed says that there is nothing by the draft's name any more.
func (d *Draft) unnamed() {
	d.name = ""
	if d.forget != nil {
		d.forget()
		d.forget = nil
	}
}

// writable reports whether a file that is there may be written.
func writable(path string) bool {
	f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	_ = f.Close() // nothing was written
	return true
}

func (d *Draft) freshName(replaces bool) string { return filepath.Join(d.dir, draftName(replaces)) }

func draftName(replaces bool) string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	name := draftPrefix + hex.EncodeToString(random[:])
	if replaces {
		name += draftReplaces
	}
	return name
}

// maxLinks is how many symlinks one path may lead through, as in Linux
// (path_resolution(7)).
const maxLinks = 40

// follow finds the target: what is written to a symlink goes where it points,
// as with a shell's redirection. It returns what is there.
func (d *Draft) follow() (fs.FileInfo, error) {
	d.target = d.place.Path
	for range maxLinks {
		info, err := os.Lstat(d.target)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, nil //nolint:nilnil // there is nothing, which is no error
		case err != nil:
			return nil, pathError("write", d.place.Path, err)
		case info.IsDir():
			return nil, pathError("write", d.place.Path, syscall.EISDIR)
		case info.Mode().IsRegular():
			return info, nil
		case info.Mode()&fs.ModeSymlink == 0:
			return nil, pathError("write", d.place.Path, ErrNotRegular)
		}
		link, err := os.Readlink(d.target)
		if err != nil {
			return nil, pathError("write", d.place.Path, err)
		}
		if !filepath.IsAbs(link) {
			// ".." in a link goes up from where the directory really is.
			dir, err := filepath.EvalSymlinks(filepath.Dir(d.target))
			if err != nil {
				return nil, pathError("write", d.place.Path, err)
			}
			link = filepath.Join(dir, link)
		}
		d.target = link
	}
	return nil, pathError("write", d.place.Path, syscall.ELOOP)
}

// nearest is the directory itself, or else its nearest parent that exists:
// on the same filesystem as what will be made in it.
func nearest(dir string) (string, error) {
	for {
		info, err := os.Stat(dir)
		switch {
		case err == nil && info.IsDir():
			return dir, nil
		case err == nil:
			return "", syscall.ENOTDIR
		case !errors.Is(err, fs.ErrNotExist) || filepath.Dir(dir) == dir:
			return "", err //nolint:wrapcheck // the caller does
		}
		dir = filepath.Dir(dir)
	}
}

// chunk is what is read of a source at once. A socket gives as much in one
// call; with less, calls cost more than the bytes.
const chunk = 256 << 10

// ReadFrom appends all of r.
func (d *Draft) ReadFrom(r io.Reader) (int64, error) {
	buf := make([]byte, chunk)
	n, err := io.CopyBuffer(justWriter{d.file}, justReader{r}, buf)
	if err != nil {
		return n, pathError("write", d.place.Path, err)
	}
	return n, nil
}

// justWriter and justReader hide the ways around the buffer, which for a file
// and a socket without io.WriterTo are a smaller buffer.
type (
	justWriter struct{ io.Writer }
	justReader struct{ io.Reader }
)

// Close gives up what was not committed. It may be called again.
func (d *Draft) Close() error {
	var err error
	if d.file != nil {
		err = d.file.Close()
		d.file = nil
	}
	if d.name == "" {
		d.unnamed()
		return err
	}
	var gone error
	if d.origin != "" {
		gone = os.Rename(d.name, d.origin)
	} else {
		gone = os.Remove(d.name)
	}
	if gone != nil {
		d.forget = nil // what is left behind stays noted
	}
	d.unnamed()
	return errors.Join(err, gone)
}

// pathError is an error about a path as the caller knows it, and not about
// the files that only this package knows.
func pathError(op, path string, err error) error {
	var inner *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &inner):
		err = inner.Err
	case errors.As(err, &link):
		err = link.Err
	}
	return &fs.PathError{Op: op, Path: path, Err: err}
}
