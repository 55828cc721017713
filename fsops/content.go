package fsops

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// Content is a file that is open for reading.
type Content struct {
	Info fs.FileInfo
	file *os.File
	head []byte // what was read of a file that tells no size
	made bool
}

// probe is the size up to which a file may be made while it is read: those of
// /sys tell a page, whatever is in them, and those of /proc nothing.
const probe = 64 << 10

// OpenContent opens the regular file at path. It does not wait for the other
// end of a pipe, and refuses what has no end.
func OpenContent(path string) (*Content, error) {
	f, info, err := openRegular(path)
	if err != nil {
		return nil, pathError("read", path, err)
	}
	c := &Content{file: f, Info: info}
	if err := c.check(); err != nil {
		_ = f.Close() // only read
		return nil, pathError("read", path, err)
	}
	return c, nil
}

// openRegular opens what is a file, without waiting for anybody: a pipe would
// wait for its writer. A socket, or a device that is not there, cannot be
// opened (open(2), ENXIO).
func openRegular(path string) (*os.File, fs.FileInfo, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ENXIO) || errors.Is(err, syscall.ENODEV) {
		return nil, nil, pathError("open", path, ErrNotRegular)
	}
	if err != nil {
		return nil, nil, err //nolint:wrapcheck // it names the path
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = pathError("open", path, syscall.EISDIR)
	case !info.Mode().IsRegular():
		err = pathError("open", path, ErrNotRegular)
	}
	if err != nil {
		_ = f.Close() // only read
		return nil, nil, err
	}
	return f, info, nil
}

func (c *Content) check() error {
	if c.Info.Size() > probe {
		return nil
	}
	head := make([]byte, c.Info.Size()+1)
	n, err := io.ReadFull(patient{c.file}, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err //nolint:wrapcheck // the caller does
	}
	if int64(n) != c.Info.Size() {
		c.made, c.head = true, head[:n]
		return nil
	}
	_, err = c.file.Seek(0, io.SeekStart)
	return err //nolint:wrapcheck // the caller does
}

// File is the file, to be read from its start, if it has the size that it
// tells; else it is nil, and there is only Reader.
func (c *Content) File() *os.File {
	if c.made {
		return nil
	}
	return c.file
}

// Reader reads the content once.
func (c *Content) Reader() io.Reader {
	if c.made {
		return io.MultiReader(bytes.NewReader(c.head), patient{c.file})
	}
	return c.file
}

// patient reads a file that the kernel makes, and takes it for its end when
// nothing comes: some have no end, but wait for news, as that of the kernel's
// log.
type patient struct{ file *os.File }

// Read implements io.Reader.
func (p patient) Read(b []byte) (int, error) {
	_ = p.file.SetReadDeadline(time.Now().Add(newsPatience)) // fails for those that do not wait
	n, err := p.file.Read(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = io.EOF
	}
	return n, err //nolint:wrapcheck // it is the reader
}

// Close closes the file.
func (c *Content) Close() error {
	if err := c.file.Close(); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}
