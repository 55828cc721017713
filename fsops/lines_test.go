package fsops_test

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"execd/fsops"
)

// slowLines is Lines, said with all of the text at once.
func slowLines(text string, first, count int64) string {
	lines := strings.SplitAfter(text, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	from := min(max(first, 1)-1, int64(len(lines)))
	to := int64(len(lines))
	if count >= 0 && count < to-from {
		to = from + count
	}
	return strings.Join(lines[from:to], "")
}

func TestLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 200<<10)
	texts := []string{
		"", "\n", "one", "one\n", "one\ntwo\nthree", "\n\n\nfour\n", "a\r\nb\r\n", long + "\n" + long, strings.Repeat("0123456\n", 20_000),
	}
	for _, text := range texts {
		for _, first := range []int64{1, 2, 3, 4, 10_000, 30_000} {
			for _, count := range []int64{-1, 0, 1, 2, 9_000} {
				got, err := io.ReadAll(fsops.NewLines(strings.NewReader(text), first, count))
				if want := slowLines(text, first, count); err != nil || string(got) != want {
					t.Errorf("lines %d+%d of %.20q (%d bytes): got %d bytes, %v, want %d", first, count, text, len(text), len(got), err, len(want))
				}
			}
		}
	}
}

// TestLines_Fails: what was read before an error is given, and then the error.
func TestLines_Fails(t *testing.T) {
	t.Parallel()
	source := io.MultiReader(strings.NewReader("one\ntwo\n"), iotest.ErrReader(io.ErrUnexpectedEOF))
	got, err := io.ReadAll(fsops.NewLines(source, 2, -1))
	if string(got) != "two\n" || err != io.ErrUnexpectedEOF { //nolint:errorlint // the same one
		t.Errorf("got %q, %v", got, err)
	}
	// What is behind the last line asked for is not read.
	source = io.MultiReader(strings.NewReader("one\ntwo\n"), iotest.ErrReader(io.ErrUnexpectedEOF))
	if got, err := io.ReadAll(fsops.NewLines(source, 1, 2)); string(got) != "one\ntwo\n" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func FuzzLines(f *testing.F) {
	f.Add("one\ntwo\nthree", int64(2), int64(1))
	f.Add("\n\n", int64(1), int64(-1))
	f.Add("a", int64(9), int64(9))
	f.Fuzz(func(t *testing.T, text string, first, count int64) {
		want := slowLines(text, first, count)
		for _, source := range []io.Reader{strings.NewReader(text), iotest.OneByteReader(strings.NewReader(text))} {
			got, err := io.ReadAll(fsops.NewLines(source, first, count))
			if err != nil || string(got) != want {
				t.Errorf("lines %d+%d of %q: got %q, %v, want %q", first, count, text, got, err, want)
			}
		}
	})
}
