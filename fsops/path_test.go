package fsops_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"execd/fsops"
)

func TestExpand(t *testing.T) {
	t.Setenv("HOME", "/the/home")
	t.Setenv("EXECD_TEST", "a b")
	t.Setenv("EXECD_EMPTY", "")
	here, err := os.Getwd()
	must(t, err)
	for path, want := range map[string]string{
		"/a/b":                 "/a/b",
		"/a/../b/./c/":         "/b/c",
		"~":                    "/the/home",
		"~/x":                  "/the/home/x",
		"/~/x":                 "/~/x",
		"~user/x":              here + "/~user/x",
		"a":                    filepath.Join(here, "a"),
		"/$EXECD_TEST/x":       "/a b/x",
		"/${EXECD_TEST}x":      "/a bx",
		"/x$EXECD_EMPTY":       "/x",
		"$HOME/x":              "/the/home/x",
		"/ä/日本":                "/ä/日本",
		"/a$":                  "/a$",
		"/5$ and $6":           "/5$ and $6",
		"/$$EXECD_TEST":        "/$a b",
		`/\$EXECD_TEST`:        "/$EXECD_TEST",
		`/\${`:                 "/${",
		`/a\b`:                 `/a\b`,
		"/a/${":                "",
		"/a/${}":               "",
		"/a/${HOME":            "",
		"/a/${1}":              "",
		"/a/${HOME-x}":         "",
		"/a/$EXECD_NO_SUCH/b":  "",
		"/a/${EXECD_NO_SUCH}b": "",
		"":                     "",
		"/a\x00b":              "",
	} {
		got, err := fsops.Expand(path)
		if got != want || (err != nil) != (want == "") || want == "" && !errors.Is(err, fsops.ErrBadPath) {
			t.Errorf("%q became %q, %v; want %q", path, got, err, want)
		}
	}
}

// TestExpandFile: a path that can only be a directory's is none of a file.
func TestExpandFile(t *testing.T) {
	t.Setenv("EXECD_TEST", "/a/")
	for path, want := range map[string]string{
		"/a/b":             "/a/b",
		"/a/../b":          "/b",
		"/a/...":           "/a/...",
		"${EXECD_TEST}b":   "/a/b",
		"/a/b/":            "",
		"/a/b//":           "",
		"/a/b/.":           "",
		"/a/b/..":          "",
		"..":               "",
		"/":                "",
		"~/":               "",
		"${EXECD_TEST}":    "",
		"/b/$EXECD_TEST/.": "",
	} {
		got, err := fsops.ExpandFile(path)
		if got != want || (err != nil) != (want == "") || want == "" && !errors.Is(err, fsops.ErrNoName) {
			t.Errorf("%q became %q, %v; want %q", path, got, err, want)
		}
	}
	if _, err := fsops.ExpandFile("/$EXECD_NO_SUCH"); !errors.Is(err, fsops.ErrBadPath) {
		t.Errorf("%v", err)
	}
}

// TestExpand_Values: what a variable contains is not expanded again.
func TestExpand_Values(t *testing.T) {
	t.Setenv("EXECD_TEST", `/$EXECD_TEST/~/\$`)
	if got, err := fsops.Expand("${EXECD_TEST}"); got != `/$EXECD_TEST/~/\$` || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// FuzzExpand: a path comes out absolute and clean or not at all, and as it was where each dollar sign is escaped.
func FuzzExpand(f *testing.F) {
	for _, seed := range []string{"", "~", "~/", "$", "${", "${}", "$$", "/a/${HOME}/$HOME", "~a", "\x00", "../..", "/é/\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		literal := "/" + path
		escaped, err := fsops.Expand(strings.ReplaceAll(literal, "$", `\$`))
		if valid := !strings.ContainsRune(path, 0); valid != (err == nil) || valid && escaped != filepath.Clean(literal) {
			t.Errorf("%q escaped became %q, %v", literal, escaped, err)
		}
		got, err := fsops.Expand(path)
		if err != nil {
			if got != "" {
				t.Errorf("%q became %q and failed", path, got)
			}
			return
		}
		if !filepath.IsAbs(got) || filepath.Clean(got) != got || strings.ContainsRune(got, 0) {
			t.Errorf("%q became %q", path, got)
		}
	})
}

func TestMode(t *testing.T) {
	for digits, want := range map[int]os.FileMode{
		755: 0o755, 7: 0o007, 70: 0o070, 600: 0o600, 4755: 0o755 | os.ModeSetuid, 2770: 0o770 | os.ModeSetgid, 1777: 0o777 | os.ModeSticky,
		7777: 0o777 | os.ModeSetuid | os.ModeSetgid | os.ModeSticky,
	} {
		got, err := fsops.ParseMode(digits)
		if err != nil || *got != want || fsops.ModeDigits(want) != digits {
			t.Errorf("%d is %v, %v; and %v is %d", digits, got, err, want, fsops.ModeDigits(want))
		}
	}
	if got, err := fsops.ParseMode(0); got != nil || err != nil {
		t.Errorf("0 is %v, %v", got, err)
	}
	for _, digits := range []int{-1, 8, 799, 758, 9000, 10000, 77777, 1 << 40} {
		if got, err := fsops.ParseMode(digits); !errors.Is(err, fsops.ErrBadMode) {
			t.Errorf("%d is %v, %v", digits, got, err)
		}
	}
}

func FuzzMode(f *testing.F) {
	f.Add(755)
	f.Add(8)
	f.Fuzz(func(t *testing.T, digits int) {
		mode, err := fsops.ParseMode(digits)
		if err == nil && mode != nil && fsops.ModeDigits(*mode) != digits {
			t.Errorf("%d became %d", digits, fsops.ModeDigits(*mode))
		}
	})
}
