package e2e_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
)

func TestLanguages(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t)
	type language struct {
		Language, Kernel, Install string
		Aliases                   []string
		Installed                 bool
	}
	list := decode[[]language](t, d.ok(t, http.MethodGet, "/code/languages", nil))
	if !slices.IsSortedFunc(list, func(a, b language) int {
		if a.Installed != b.Installed {
			return map[bool]int{true: -1, false: 1}[a.Installed]
		}
		return strings.Compare(a.Language, b.Language)
	}) {
		t.Errorf("%+v is in no order", list)
	}
	for _, name := range []string{"bash", "go", "java", "javascript", "python", "typescript"} {
		i := slices.IndexFunc(list, func(l language) bool { return l.Language == name })
		if i < 0 || list[i].Installed == (list[i].Kernel == "") || list[i].Install == "" {
			t.Fatalf("%s: %+v", name, list)
		}
		if name == "python" && (!list[i].Installed || !slices.Contains(list[i].Aliases, "py")) {
			t.Errorf("%+v", list[i])
		}
	}
	if end := d.code(t, object{"language": "PY", "code": "1"}).last(); end.Type != "execution_complete" {
		t.Errorf("%s", end.Raw)
	}
}

// docs/languages.md says of the languages what execd says.
func TestLanguages_Documented(t *testing.T) {
	t.Parallel()
	d := start(t)
	page, err := os.ReadFile("../docs/languages.md")
	must(t, err)
	found := 0
	for _, l := range get[[]struct {
		Language, Install string
		Aliases           []string
	}](t, d, "/code/languages") {
		if !strings.Contains(string(page), "\n| `"+l.Language+"` |") {
			continue // there are more than those that are tested
		}
		found++
		for _, alias := range l.Aliases {
			if !strings.Contains(string(page), "`"+alias+"`") {
				t.Errorf("%s also goes by %s, which is not in the page", l.Language, alias)
			}
		}
		for _, step := range strings.Split(l.Install, " && ") {
			if !strings.Contains(string(page), step) {
				t.Errorf("%s is installed with %q, which is not in the page", l.Language, step)
			}
		}
	}
	if found != 6 {
		t.Errorf("the page has %d languages", found)
	}
}
