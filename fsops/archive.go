package fsops

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ErrBadArchive is an archive that cannot be read, or one that holds what
// would not stay in its directory or is no file.
var ErrBadArchive = errors.New("bad archive")

// The formats of archives.
const (
	Tar   = "tar"
	TarGz = "tar.gz"
	Zip   = "zip"
)

// archiver takes one file after the other.
type archiver interface {
	// add takes what is at a path; content is nil but for regular files.
	add(name, link string, info fs.FileInfo, content io.Reader) error
	Close() error
}

// CheckArchivable fails where WriteArchive would at once: at what is neither a
// directory nor a file that may be read.
func CheckArchivable(path string) error {
	f, _, err := openRegular(path)
	if errors.Is(err, syscall.EISDIR) {
		f, err = os.Open(path)
	}
	if err != nil {
		return pathError("archive", path, err)
	}
	_ = f.Close() // nothing was written
	return nil
}

// WriteArchive writes what is in a directory, or one file, as an archive, by
// names that are relative to it, with modes, times and symlinks. What is no
// file, directory or symlink is left out, and so is what goes away meanwhile.
// A file that shrinks while it is read is an error: the archive is not whole.
func WriteArchive(ctx context.Context, w io.Writer, root, format string) error {
	var a archiver
	switch format {
	case Tar:
		a = tarArchive{tar.NewWriter(w)}
	case TarGz:
		z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
		if err != nil {
			return fmt.Errorf("compress: %w", err)
		}
		a = gzipArchive{tarArchive{tar.NewWriter(z)}, z}
	case Zip:
		a = zipArchive{zip.NewWriter(w)}
	default:
		return fmt.Errorf("format %q: %w: want tar, tar.gz or zip", format, ErrBadArchive)
	}
	if found, err := filepath.EvalSymlinks(root); err == nil {
		root = found
	}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		switch {
		case absent(err) && path != root:
			return nil
		case err != nil:
			return err
		case path == root && e.IsDir():
			return nil
		case IsDraft(e.Name()) && e.IsDir():
			return filepath.SkipDir
		case IsDraft(e.Name()):
			return nil
		}
		return archiveEntry(a, root, path, e)
	})
	if err != nil {
		return err //nolint:wrapcheck // it names the path
	}
	return a.Close() //nolint:wrapcheck // it is the writer's
}

func archiveEntry(a archiver, root, path string, e fs.DirEntry) error {
	info, err := e.Info()
	if absent(err) {
		return nil
	}
	if err != nil {
		return err //nolint:wrapcheck // it names the path
	}
	name, err := filepath.Rel(root, path)
	if err != nil || name == "." {
		name = filepath.Base(path)
	}
	name = filepath.ToSlash(name)
	switch {
	case info.IsDir():
		return a.add(name+"/", "", info, nil)
	case info.Mode()&fs.ModeSymlink != 0:
		link, err := os.Readlink(path)
		if absent(err) {
			return nil
		}
		if err != nil {
			return err //nolint:wrapcheck // it names the path
		}
		return a.add(name, link, info, nil)
	case !info.Mode().IsRegular():
		return nil
	}
	f, info, err := openRegular(path)
	if absent(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // only read from
	if err := a.add(name, "", info, io.LimitReader(f, info.Size())); err != nil {
		return fmt.Errorf("archive %s: %w", path, err)
	}
	return nil
}

type tarArchive struct{ *tar.Writer }

func (t tarArchive) add(name, link string, info fs.FileInfo, content io.Reader) error {
	h, err := tar.FileInfoHeader(info, link)
	if err != nil {
		return err //nolint:wrapcheck // the caller does
	}
	h.Name, h.Format = name, tar.FormatPAX // names and times of any kind
	if err := t.WriteHeader(h); err != nil || content == nil {
		return err //nolint:wrapcheck // the caller does
	}
	n, err := io.Copy(t.Writer, content)
	if err == nil && n < info.Size() {
		err = fmt.Errorf("it has shrunk: %w", io.ErrUnexpectedEOF)
	}
	return err
}

type gzipArchive struct {
	tarArchive
	z *gzip.Writer
}

// Close writes what is left.
func (g gzipArchive) Close() error { return errors.Join(g.tarArchive.Close(), g.z.Close()) }

type zipArchive struct{ *zip.Writer }

func (z zipArchive) add(name, link string, info fs.FileInfo, content io.Reader) error {
	h, err := zip.FileInfoHeader(info)
	if err != nil {
		return err //nolint:wrapcheck // the caller does
	}
	if h.Name = name; content != nil {
		h.Method = zip.Deflate
	}
	w, err := z.CreateHeader(h)
	if err != nil {
		return err //nolint:wrapcheck // the caller does
	}
	switch {
	case link != "":
		_, err = io.WriteString(w, link)
	case content != nil:
		_, err = io.Copy(w, content)
	}
	return err //nolint:wrapcheck // the caller does
}
