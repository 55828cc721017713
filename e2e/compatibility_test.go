package e2e_test

import (
	"os"
	"regexp"
	"strconv"
	"testing"
)

// behaviours is how many the API's clients rely on.
const behaviours = 115

var compatibilityRow = regexp.MustCompile(`(?m)^\| (\d+) \| (.+?) \| (.*?) \| (.*?) \|$`)

// TestCompatibility: each behaviour of the table has a row with tests, and those are there.
func TestCompatibility(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/compatibility.md")
	must(t, err)
	known := testsThere(t)
	rows := compatibilityRow.FindAllStringSubmatch(string(text), -1)
	if len(rows) != behaviours {
		t.Errorf("%d rows, want %d", len(rows), behaviours)
	}
	for i, row := range rows {
		if row[1] != strconv.Itoa(i+1) {
			t.Errorf("row %d is numbered %s", i+1, row[1])
		}
		names := namedTest.FindAllStringSubmatch(row[3], -1)
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
