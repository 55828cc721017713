package fsops

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// copyData copies a file into an empty one, and leaves the holes out: a file
// may be larger than the disk that it is on (lseek(2), SEEK_DATA).
func copyData(out, in *os.File) error {
	info, err := in.Stat()
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	for at := int64(0); ; {
		begin, err := in.Seek(at, unix.SEEK_DATA)
		if errors.Is(err, syscall.ENXIO) { // nothing but a hole is left
			return out.Truncate(max(info.Size(), at)) //nolint:wrapcheck // it names the path
		}
		if err != nil { // the filesystem does not know
			_, err = io.Copy(out, in)
			return err //nolint:wrapcheck // it names the path
		}
		end, err := in.Seek(begin, unix.SEEK_HOLE)
		if err != nil {
			return fmt.Errorf("copy: %w", err)
		}
		if at, err = copyRange(out, in, begin, end); err != nil {
			return err
		}
		if at < end { // it has shrunk
			return nil
		}
	}
}

// copyRange copies the bytes between two offsets to the same ones, and
// returns how far it came.
func copyRange(out, in *os.File, begin, end int64) (int64, error) {
	for _, f := range []*os.File{out, in} {
		if _, err := f.Seek(begin, io.SeekStart); err != nil {
			return begin, fmt.Errorf("copy: %w", err)
		}
	}
	n, err := io.CopyN(out, in, end-begin)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return begin + n, err //nolint:wrapcheck // it names the path
}
