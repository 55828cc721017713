package fsops

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
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
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, pathError("read", path, err)
	}
	c := &Content{file: f}
	if c.Info, err = f.Stat(); err == nil {
		err = c.check()
	}
	if err != nil {
		_ = f.Close() // only read
		return nil, pathError("read", path, err)
	}
	return c, nil
}

func (c *Content) check() error {
	if c.Info.IsDir() {
		return syscall.EISDIR
	}
	if !c.Info.Mode().IsRegular() {
		return ErrNotRegular
	}
	if c.Info.Size() > probe {
		return nil
	}
	head := make([]byte, c.Info.Size()+1)
	n, err := io.ReadFull(c.file, head)
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
		return io.MultiReader(bytes.NewReader(c.head), c.file)
	}
	return c.file
}

// Close closes the file.
func (c *Content) Close() error {
	if err := c.file.Close(); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}
