package e2e_test

import (
	"regexp"
	"strings"
	"testing"
)

// namedTest is a test that a document refers to, and testFunc one that there is.
var (
	namedTest = regexp.MustCompile("`((?:Test|Fuzz)[A-Z]\\w+)`")
	testFunc  = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(\w+ \*testing\.[TF]\)`)
)

// testsThere are the names of all tests of the tree.
func testsThere(t *testing.T) map[string]bool {
	t.Helper()
	there := map[string]bool{}
	for _, f := range tree(t) {
		if strings.HasSuffix(f.path, "_test.go") {
			for _, m := range testFunc.FindAllStringSubmatch(f.text, -1) {
				there[m[1]] = true
			}
		}
	}
	return there
}

// TestDocs_Tests: a test that a document gives as a proof exists.
func TestDocs_Tests(t *testing.T) {
	t.Parallel()
	there := testsThere(t)
	found := 0
	for page, text := range pages(t, "../docs/*.md") {
		for _, m := range namedTest.FindAllStringSubmatch(text, -1) {
			found++
			if !there[m[1]] {
				t.Errorf("%s refers to %s, which is not there", page, m[1])
			}
		}
	}
	if found == 0 {
		t.Error("no document refers to a test")
	}
}
