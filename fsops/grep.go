package fsops

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"time"
	"unicode/utf8"
)

const (
	// binaryProbe is how far into a file a NUL makes it binary, as in git.
	binaryProbe = 8000

	// longestLine is how much of a line is looked at as one: in a longer one
	// a match may not span two pieces.
	longestLine = 1 << 20

	// longestText is how much of a match is told.
	longestText = 1 << 10

	// newsPatience is how long a file is read that may have to be waited for.
	newsPatience = 200 * time.Millisecond
)

// grep tells of each place in a file that the content is at. It takes a line
// at a time, and no binary file.
func (w *walk) grep(ctx context.Context, hit Hit) error {
	f, err := os.OpenFile(hit.Path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		w.skip(err)
		return nil
	}
	defer f.Close() //nolint:errcheck // only read from
	// Some files of /proc and /sys have no end: they wait for news.
	_ = f.SetReadDeadline(time.Now().Add(newsPatience)) // fails for those that do not wait
	r := bufio.NewReaderSize(f, 64<<10)
	if head, _ := r.Peek(binaryProbe); bytes.IndexByte(head, 0) >= 0 {
		return nil
	}
	var line []byte
	hit.Line, hit.Column = 1, 1
	for ctx.Err() == nil {
		piece, err := r.ReadSlice('\n')
		if line = append(line, piece...); errors.Is(err, bufio.ErrBufferFull) && len(line) < longestLine {
			continue
		}
		ended := len(line) > 0 && line[len(line)-1] == '\n'
		if tellErr := w.matches(hit, bytes.TrimRight(line, "\r\n")); tellErr != nil {
			return tellErr
		}
		if ended {
			hit.Line, hit.Column = hit.Line+1, 1
		} else {
			hit.Column += utf8.RuneCount(line)
		}
		line = line[:0]
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			w.skip(err)
			return nil
		}
	}
	return context.Cause(ctx)
}

// matches tells of the places in a line, or in a piece of one that begins at
// the hit's column.
func (w *walk) matches(hit Hit, line []byte) error {
	if len(line) == 0 {
		return nil
	}
	first := hit.Column
	for _, at := range w.search.Content.FindAllIndex(line, -1) {
		hit.Column = first + utf8.RuneCount(line[:at[0]])
		text := line[at[0]:at[1]]
		hit.Text = string(bytes.ToValidUTF8(text[:min(len(text), longestText)], []byte("\ufffd")))
		if err := w.tell(hit); err != nil {
			return err
		}
	}
	return nil
}
