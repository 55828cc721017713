package e2e_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// behaviours is how many the API's clients rely on.
const behaviours = 115

var (
	compatibilityRow = regexp.MustCompile(`(?m)^\| (\d+) \| (.+?) \| (.*?) \| (.*?) \|$`)
	testName         = regexp.MustCompile("`((?:Test|Fuzz)\\w+)`")
	testFunction     = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(\w+ \*testing\.[TF]\)`)
)

// TestCompatibility: each behaviour of the table has a row with tests, and those are there.
func TestCompatibility(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/compatibility.md")
	must(t, err)
	known := map[string]bool{}
	must(t, filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".." {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(path)
		for _, f := range testFunction.FindAllStringSubmatch(string(source), -1) {
			known[f[1]] = true
		}
		return err
	}))
	rows := compatibilityRow.FindAllStringSubmatch(string(text), -1)
	if len(rows) != behaviours {
		t.Errorf("%d rows, want %d", len(rows), behaviours)
	}
	for i, row := range rows {
		if row[1] != strconv.Itoa(i+1) {
			t.Errorf("row %d is numbered %s", i+1, row[1])
		}
		names := testName.FindAllStringSubmatch(row[3], -1)
		if len(names) == 0 {
			t.Errorf("row %s has no test", row[1])
		}
		for _, name := range names {
			if !known[name[1]] {
				t.Errorf("row %s names %s, which is not there", row[1], name[1])
			}
		}
	}
}
