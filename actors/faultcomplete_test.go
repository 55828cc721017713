package actors_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"execd/actors"
)

// elsewhere are the stations that no part reaches, each with the reason.
var elsewhere = map[station]string{
	{"janitor", "*actor.Restarting"}:        afterPanic,
	{"kernel session", "*actor.Restarting"}: afterPanic,
	{"metrics", "*actor.Restarting"}:        afterPanic,
	{"watch", "*actor.Restarting"}:          afterPanic,
	{"commands", "actors.lapsed"}:           afterPanic,
	{"kernels", "actors.lapsed"}:            afterPanic,
	{"sessions", "actors.lapsed"}:           afterPanic,
	{"terminals", "actors.lapsed"}:          afterPanic,
	{"watches", "actors.lapsed"}:            afterPanic,
	{"command", "actors.workerFailed"}:      ofWorker,
	{"bash session", "actors.workerFailed"}: ofWorker,
	{"terminal", "actors.workerFailed"}:     ofWorker,
	{"kernels", "actors.foundling"}:         "is of a kernel that an earlier execd has left with a Jupyter server",
	{"kernel session", "actors.stuck"}:      "comes seconds after an interrupt that a kernel ignores",
}

const (
	afterPanic = "follows a panic, which there is one of"
	ofWorker   = "follows a panic of a worker, which no message brings"
)

// checkComplete holds the stations that were reached against the messages
// that the actors say they take.
func checkComplete(t *testing.T, reached map[station]bool) {
	t.Helper()
	all := receivable(t)
	for at := range all {
		if why := elsewhere[at]; !reached[at] && why == "" {
			t.Errorf("no part has a message %s for %s: add it to one", at.message, at.class)
		} else if reached[at] && why != "" {
			t.Errorf("%s at %s is reached, though %q", at.class, at.message, why)
		}
	}
	for at := range elsewhere {
		if !all[at] {
			t.Errorf("%s does not take %s", at.class, at.message)
		}
	}
}

// receivable is what the type switches of the Receive methods of this
// package have: the class is the one in the call of unknown.
func receivable(t *testing.T) map[station]bool {
	t.Helper()
	classes, all := map[string]actors.Class{}, map[station]bool{}
	var switches []*ast.TypeSwitchStmt
	for _, file := range sources(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				noteClass(classes, n)
			case *ast.FuncDecl:
				return n.Name.Name == "Receive" && n.Recv != nil
			case *ast.TypeSwitchStmt:
				switches = append(switches, n)
			}
			return true
		})
	}
	for _, s := range switches {
		class := classes[classOf(s)]
		for _, clause := range s.Body.List {
			for _, typ := range clause.(*ast.CaseClause).List { //nolint:forcetypeassert // a switch has nothing else
				if name := typeName(typ); name != "actor.SystemMessage" && name != "actor.AutoReceiveMessage" {
					all[station{class, name}] = true
				}
			}
		}
	}
	if len(switches) != len(classes) {
		t.Errorf("%d classes have %d Receive methods with a switch", len(classes), len(switches))
	}
	return all
}

func sources(t *testing.T) []*ast.File {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// noteClass notes a constant of the type Class.
func noteClass(classes map[string]actors.Class, n *ast.ValueSpec) {
	if typ, ok := n.Type.(*ast.Ident); !ok || typ.Name != "Class" || len(n.Values) != 1 {
		return
	}
	if value, ok := n.Values[0].(*ast.BasicLit); ok {
		name, _ := strconv.Unquote(value.Value) // it is a string
		classes[n.Names[0].Name] = actors.Class(name)
	}
}

// classOf is the constant that a switch tells of an unknown message with.
func classOf(s *ast.TypeSwitchStmt) (class string) {
	ast.Inspect(s, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if f, ok := call.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "unknown" {
			class = call.Args[0].(*ast.Ident).Name //nolint:forcetypeassert // no class is computed
		}
		return true
	})
	return class
}

// typeName is a type as fmt's %T has it.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return "*" + typeName(e.X)
	case *ast.SelectorExpr:
		return e.X.(*ast.Ident).Name + "." + e.Sel.Name //nolint:forcetypeassert // a package
	case *ast.Ident:
		return "actors." + e.Name
	}
	return ""
}
