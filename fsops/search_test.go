package fsops_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"execd/fsops"
)

// search returns what is found, as paths below the root, with the places.
func search(t *testing.T, s fsops.Search) ([]string, fsops.Found) {
	t.Helper()
	got := []string{}
	sum, err := s.Run(t.Context(), func(h fsops.Hit) error {
		name := strings.TrimPrefix(h.Path, s.Root+"/")
		if h.Line > 0 {
			name += fmt.Sprintf(":%d:%d:%s", h.Line, h.Column, h.Text)
		}
		got = append(got, name)
		return nil
	})
	must(t, err)
	slices.Sort(got)
	if int(sum.Hits) != len(got) {
		t.Errorf("%d hits are told of %d", sum.Hits, len(got))
	}
	return got, sum
}

func TestSearch_Patterns(t *testing.T) {
	root := t.TempDir()
	for _, path := range []string{"a.txt", "b.go", ".hidden.txt", "sub/c.txt", "sub/d.TXT", "sub/deep/e.txt", "other/f.txt", "other/ä.md"} {
		write(t, "", root, path)
	}
	must(t, os.Symlink(root+"/a.txt", root+"/link.txt"))
	must(t, os.Symlink(root+"/sub", root+"/linked"))
	must(t, syscall.Mkfifo(root+"/pipe.txt", 0o600))
	must(t, os.Mkdir(root+"/dir.txt", 0o755))
	for pattern, want := range map[string][]string{
		"*.txt":           {".hidden.txt", "a.txt", "other/f.txt", "sub/c.txt", "sub/deep/e.txt"},
		"**":              {".hidden.txt", "a.txt", "b.go", "other/f.txt", "other/ä.md", "sub/c.txt", "sub/d.TXT", "sub/deep/e.txt"},
		"sub/*.txt":       {"sub/c.txt"},
		"./sub/*.txt":     {"sub/c.txt"},
		"sub/**":          {"sub/c.txt", "sub/d.TXT", "sub/deep/e.txt"},
		"**/*.txt":        {".hidden.txt", "a.txt", "other/f.txt", "sub/c.txt", "sub/deep/e.txt"},
		"{sub,other}/?.*": {"other/f.txt", "other/ä.md", "sub/c.txt", "sub/d.TXT"},
		"[!a-c].*":        {"other/f.txt", "other/ä.md", "sub/d.TXT", "sub/deep/e.txt"},
		"c.txt":           {"sub/c.txt"},
		"none":            {},
	} {
		if got, sum := search(t, fsops.Search{Root: root, Pattern: pattern}); !slices.Equal(got, want) || sum.Skipped != 0 || sum.Limited {
			t.Errorf("%s: %q, %+v; want %q", pattern, got, sum, want)
		}
	}
	if got, _ := search(t, fsops.Search{Root: root + "/a.txt", Pattern: "*.txt"}); len(got) != 1 {
		t.Errorf("in a file: %q", got)
	}
	if got, _ := search(t, fsops.Search{Root: root + "/linked", Pattern: "*.txt"}); len(got) != 2 {
		t.Errorf("in a symlink: %q", got)
	}
	for pattern, want := range map[string]error{"[": fsops.ErrBadPattern, "{a": fsops.ErrBadPattern, "a\\": fsops.ErrBadPattern} {
		if _, err := (fsops.Search{Root: root, Pattern: pattern}).Run(t.Context(), nil); !errors.Is(err, want) {
			t.Errorf("%s: %v", pattern, err)
		}
	}
	if _, err := (fsops.Search{Root: root + "/gone", Pattern: "*"}).Run(t.Context(), nil); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestSearch_Content(t *testing.T) {
	root := t.TempDir()
	write(t, "one two\r\nä two "+"two\n\nlast two", root, "text")
	write(t, "two\x00", root, "binary")
	long := strings.Repeat("é", 600_000) // more than is looked at as one line
	write(t, "x\n"+long+"two", root, "long")
	got, _ := search(t, fsops.Search{Root: root, Pattern: "**", Content: regexp.MustCompile("t.o$|two ")})
	want := []string{"long:2:" + fmt.Sprint(600_000+1) + ":two", "text:1:5:two", "text:2:3:two ", "text:2:7:two", "text:4:6:two"}
	if !slices.Equal(got, want) {
		t.Errorf("%.300q", got)
	}
	if got, _ := search(t, fsops.Search{Root: root, Pattern: "long", Content: regexp.MustCompile("é+")}); len(got) != 2 || len(got[0]) > 1200 {
		t.Errorf("%d bytes of a match", len(got[0]))
	}
}

func TestSearch_Ends(t *testing.T) {
	root := t.TempDir()
	for i := range 3000 {
		write(t, "", root, fmt.Sprint(i%50), fmt.Sprint(i))
	}
	if got, sum := search(t, fsops.Search{Root: root, Pattern: "**"}); len(got) != 3000 || sum.Limited {
		t.Errorf("%d, %+v", len(got), sum)
	}
	if got, sum := search(t, fsops.Search{Root: root, Pattern: "**", Limit: 7}); len(got) != 7 || !sum.Limited {
		t.Errorf("%d, %+v", len(got), sum)
	}
	if got, sum := search(t, fsops.Search{Root: root, Pattern: "**", Limit: 3000}); len(got) != 3000 || sum.Limited {
		t.Errorf("%d, %+v", len(got), sum)
	}
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	_, err := fsops.Search{Root: root, Pattern: "**"}.Run(ctx, func(fsops.Hit) error {
		n++
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || n > 2000 {
		t.Errorf("after %d hits: %v", n, err)
	}
	broken := errors.New("broken")
	if _, err := (fsops.Search{Root: root, Pattern: "**"}).Run(t.Context(), func(fsops.Hit) error { return broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
}
