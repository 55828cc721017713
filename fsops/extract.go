package fsops

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Extracted tells what came out of an archive.
type Extracted struct {
	Entries int   `json:"entries"`
	Bytes   int64 `json:"bytes"` // of all files
}

// ErrTooLarge is an archive that holds more than it may.
var ErrTooLarge = errors.New("the content is too large")

// entry is one file of an archive.
type entry struct {
	name, link string
	hard       bool // link is of the kind that has no target of its own
	mode       fs.FileMode
	modified   time.Time
	content    io.Reader // of a regular file
}

// Extract unpacks an archive into a directory, which it makes. Nothing leaves
// the directory: names and targets of links that would are an ErrBadArchive,
// as is what is no file, directory or link. Each file is put into its place as
// a whole; what was unpacked before a failure stays, and is told. The format
// is recognized if it is empty. The files may have limit bytes in all. A zip
// is kept in spool, a directory, meanwhile: its table is at its end.
func Extract(ctx context.Context, r io.Reader, dir, format, spool string, limit int64) (Extracted, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return Extracted{}, fmt.Errorf("make directory: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Extracted{}, err //nolint:wrapcheck // it names the path
	}
	x := &extraction{ctx: ctx, root: root, left: limit}
	defer root.Close() //nolint:errcheck // nothing is written through it
	buffered := bufio.NewReaderSize(r, 64<<10)
	if format == "" {
		format = recognize(buffered)
	}
	switch format {
	case Tar:
		err = x.untar(buffered)
	case TarGz:
		var z *gzip.Reader
		if z, err = gzip.NewReader(buffered); err != nil {
			err = fmt.Errorf("%w: %w", ErrBadArchive, err)
		} else {
			err = x.untar(z)
		}
	case Zip:
		err = x.unzip(buffered, spool)
	default:
		err = fmt.Errorf("format %q: %w: want tar, tar.gz or zip", format, ErrBadArchive)
	}
	return x.done, errors.Join(err, x.settleDirs())
}

// recognize tells a format from its first bytes.
func recognize(r *bufio.Reader) string {
	head, _ := r.Peek(4) // fewer are no archive but a tar of nothing
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return TarGz
	case bytes.HasPrefix(head, []byte("PK")):
		return Zip
	}
	return Tar
}

// extraction is an Extract that goes on.
type extraction struct {
	ctx  context.Context //nolint:containedctx // of this one call
	root *os.Root
	left int64
	done Extracted
	dirs []entry // whose modes and times come last: they may forbid writing, and change with it
}

func (x *extraction) untar(r io.Reader) error {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", ErrBadArchive, err)
		}
		e := entry{name: h.Name, link: h.Linkname, mode: h.FileInfo().Mode(), modified: h.ModTime, content: t}
		switch h.Typeflag {
		case tar.TypeReg, tar.TypeDir, tar.TypeSymlink:
		case tar.TypeLink:
			e.hard = true
		default:
			return fmt.Errorf("%w: %q is no file, directory or link", ErrBadArchive, h.Name)
		}
		if err := x.add(e); err != nil {
			return err
		}
	}
}

func (x *extraction) unzip(r io.Reader, spool string) error {
	f, err := NewSpool(spool)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it has no name, so it is gone
	size, err := io.Copy(f, r)
	if err != nil {
		return fmt.Errorf("read archive: %w", err)
	}
	z, err := zip.NewReader(f, size)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrBadArchive, err)
	}
	for _, file := range z.File {
		if err := x.addZipped(file); err != nil {
			return err
		}
	}
	return nil
}

// longestLink is how long a target can be (PATH_MAX of Linux).
const longestLink = 4096

func (x *extraction) addZipped(file *zip.File) error {
	content, err := file.Open()
	if err != nil {
		return fmt.Errorf("%w: %q: %w", ErrBadArchive, file.Name, err)
	}
	defer content.Close()
	e := entry{name: file.Name, mode: file.Mode(), modified: file.Modified, content: content}
	if e.mode&fs.ModeSymlink != 0 {
		target, err := io.ReadAll(io.LimitReader(content, longestLink))
		if err != nil {
			return fmt.Errorf("%w: %q: %w", ErrBadArchive, file.Name, err)
		}
		e.link = string(target)
	}
	return x.add(e)
}

// add puts an entry into its place.
func (x *extraction) add(e entry) error {
	if x.ctx.Err() != nil {
		return context.Cause(x.ctx)
	}
	name := path.Clean(strings.TrimSuffix(e.name, "/"))
	if name == "." && e.mode.IsDir() {
		return nil
	}
	if e.name == "" || strings.ContainsRune(e.name, 0) || !filepath.IsLocal(filepath.FromSlash(name)) {
		return fmt.Errorf("%w: %q does not stay in the directory", ErrBadArchive, e.name)
	}
	e.name = filepath.FromSlash(name)
	err := x.place(e)
	if err != nil && !errors.Is(err, ErrBadArchive) && !errors.Is(err, ErrTooLarge) {
		err = fmt.Errorf("unpack %s: %w", filepath.Join(x.root.Name(), e.name), err)
	}
	if err == nil {
		x.done.Entries++
	}
	return err
}

func (x *extraction) place(e entry) error {
	if err := x.root.MkdirAll(filepath.Dir(e.name), 0o777); err != nil {
		return escape(err)
	}
	switch {
	case e.mode.IsDir():
		x.dirs = append(x.dirs, e)
		return escape(x.root.MkdirAll(e.name, 0o777))
	case e.hard:
		return x.replace(e.name, func(temp string) error {
			if !filepath.IsLocal(filepath.FromSlash(e.link)) {
				return fmt.Errorf("%w: the link %q leads out of the directory", ErrBadArchive, e.name)
			}
			return escape(x.root.Link(filepath.FromSlash(path.Clean(e.link)), temp))
		})
	case e.mode&fs.ModeSymlink != 0:
		if path.IsAbs(e.link) || !filepath.IsLocal(filepath.FromSlash(path.Join(path.Dir(filepath.ToSlash(e.name)), e.link))) {
			return fmt.Errorf("%w: the link %q leads out of the directory", ErrBadArchive, e.name)
		}
		return x.replace(e.name, func(temp string) error { return escape(x.root.Symlink(e.link, temp)) })
	case e.mode.IsRegular():
		return x.replace(e.name, func(temp string) error { return x.write(temp, e) })
	}
	return fmt.Errorf("%w: %q is no file, directory or link", ErrBadArchive, e.name)
}

// replace makes something under another name, and then renames it.
func (x *extraction) replace(name string, makeAt func(temp string) error) error {
	_, absent := x.root.Lstat(name)
	temp := filepath.Join(filepath.Dir(name), draftName(absent == nil))
	defer note(filepath.Join(x.root.Name(), temp), "")()
	err := makeAt(temp)
	if err == nil {
		err = escape(x.root.Rename(temp, name))
	}
	if err != nil {
		_ = x.root.Remove(temp) // it may not have been made
	}
	return err
}

func (x *extraction) write(temp string, e entry) error {
	f, appear, err := createIn(x.root, temp)
	if err != nil {
		return escape(err)
	}
	source := &packed{Reader: io.LimitReader(e.content, x.left+1)}
	n, err := io.Copy(f, source)
	x.left -= n
	switch {
	case source.err != nil:
		err = fmt.Errorf("%w: %q: %w", ErrBadArchive, e.name, source.err)
	case err == nil && x.left < 0:
		err = ErrTooLarge
	}
	if err == nil {
		x.done.Bytes += n
		err = f.Chmod(e.mode.Perm())
	}
	if err == nil {
		err = appear()
	}
	if err = errors.Join(err, f.Close()); err == nil && !e.modified.IsZero() {
		err = x.root.Chtimes(temp, e.modified, e.modified)
	}
	return err
}

// createNamed makes a file that has its name at once.
func createNamed(root *os.Root, name string) (*os.File, func() error, error) {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	return f, func() error { return nil }, err //nolint:wrapcheck // it names the path
}

// packed keeps the error of what comes out of an archive, which is another
// matter than one of writing it.
type packed struct {
	io.Reader
	err error
}

// Read implements io.Reader.
func (p *packed) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		p.err = err
	}
	return n, err //nolint:wrapcheck // it is the reader
}

// settleDirs gives directories their modes and times, the deepest first.
func (x *extraction) settleDirs() error {
	var all error
	for _, e := range slices.Backward(x.dirs) {
		err := x.root.Chmod(e.name, e.mode.Perm())
		if err == nil && !e.modified.IsZero() {
			err = x.root.Chtimes(e.name, e.modified, e.modified)
		}
		all = errors.Join(all, err)
	}
	return all
}

// escape tells what os.Root refuses as what is wrong with the archive. It has
// no error of its own for that.
func escape(err error) error {
	if err != nil && strings.Contains(err.Error(), "path escapes from parent") {
		return fmt.Errorf("%w: a symlink leads out of the directory: %w", ErrBadArchive, err)
	}
	return err
}
