package e2e_test

import (
	"net/http"
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
