package e2e_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// file is one file of the tree, by its path from the root.
type file struct{ path, text string }

func (f file) dir() string  { return path.Dir(f.path) }
func (f file) isGo() bool   { return path.Ext(f.path) == ".go" && !strings.Contains(f.path, "testdata/") }
func (f file) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

func (f file) parse() (*token.FileSet, *ast.File, error) {
	set := token.NewFileSet()
	syntax, err := parser.ParseFile(set, f.path, f.text, parser.ParseComments|parser.SkipObjectResolution)
	return set, syntax, err
}

// tree returns the text files that are, or would be, in the repository.
func tree(t *testing.T) []file {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	names, err := tracked(root)
	if err != nil {
		names, err = walked(root)
	}
	if err != nil {
		t.Fatal(err)
	}
	var files []file
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			continue // deleted and not yet committed, or a link to a folder
		}
		if !bytes.Contains(text, []byte{0}) {
			files = append(files, file{filepath.ToSlash(name), string(text)})
		}
	}
	return files
}

// tracked asks git, which knows what is ignored.
func tracked(root string) ([]string, error) {
	list := exec.Command("git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 }), nil
}

// walked serves a tree that was unpacked from an archive: what make wrote is left out by name.
func walked(root string) (names []string, err error) {
	made := []string{".git", ".venv", ".cache", "bin", "dist"}
	err = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(made, entry.Name()):
			return filepath.SkipDir
		case entry.IsDir():
			return nil
		}
		name, err = filepath.Rel(root, name)
		names = append(names, name)
		return err
	})
	return names, err
}

func eachGoFile(check func(file) []string) func([]file) []string {
	return func(files []file) (found []string) {
		for _, f := range files {
			if f.isGo() {
				found = append(found, check(f)...)
			}
		}
		return found
	}
}

func checkImports(f file) (found []string) {
	if f.isTest() && f.dir() != "e2e" {
		return nil
	}
	_, syntax, err := f.parse()
	if err != nil {
		return []string{err.Error()}
	}
	at := slices.IndexFunc(importTable, func(r importRow) bool { return covers(r.pkg, f.dir()) })
	if at < 0 {
		return []string{fmt.Sprintf("%s: %s has no row in importTable: add one, with its reason", f.path, f.dir())}
	}
	row := importTable[at]
	for _, spec := range syntax.Imports {
		name, _ := strconv.Unquote(spec.Path.Value) // the parser has seen that it is a string
		if !row.allows(name) {
			found = append(found, fmt.Sprintf("%s: %s imports %s, but %s", f.path, f.dir(), name, row.why))
		}
		for banned, pkgs := range onlyIn {
			if covers(banned+"/...", name) && !slices.Contains(pkgs, f.dir()) {
				found = append(found, fmt.Sprintf("%s: only %s may import %s", f.path, strings.Join(pkgs, ", "), name))
			}
		}
	}
	return found
}

func (r importRow) allows(name string) bool {
	if pkg, own := strings.CutPrefix(name, module+"/"); own {
		return slices.Contains(r.own, anything) || slices.Contains(r.own, pkg) || covers(r.pkg, pkg)
	}
	if host, _, _ := strings.Cut(name, "/"); !strings.Contains(host, ".") {
		return true // the standard library
	}
	return slices.ContainsFunc(r.foreign, func(m string) bool { return m == anything || covers(m+"/...", name) })
}

// covers reports whether a pattern, with or without /... at its end, names pkg.
func covers(pattern, pkg string) bool {
	base, tree := strings.CutSuffix(pattern, "/...")
	return base == pkg || tree && strings.HasPrefix(pkg, base+"/")
}

// checkDocs wants a doc.go with a package comment in every package. That of a command is in the file with its main.
func checkDocs(files []file) (found []string) {
	docs := map[string]bool{} // by folder: whether its doc.go has been seen
	for _, f := range files {
		name := path.Base(f.path)
		if !f.isGo() || f.isTest() {
			continue
		}
		_, syntax, err := f.parse()
		if err != nil {
			return append(found, err.Error())
		}
		isDoc := name == "doc.go" || syntax.Name.Name == "main" && name == "main.go"
		docs[f.dir()] = docs[f.dir()] || isDoc
		if isDoc && syntax.Doc == nil {
			found = append(found, f.path+": has no package comment")
		}
	}
	for dir, seen := range docs {
		if !seen {
			found = append(found, dir+": "+path.Base(dir)+" has no doc.go")
		}
	}
	return found
}

func checkSizes(f file) (found []string) {
	set, syntax, err := f.parse()
	if err != nil {
		return []string{err.Error()}
	}
	if ast.IsGenerated(syntax) {
		return nil
	}
	if lines := strings.Count(f.text, "\n"); lines > maxFileLines {
		found = append(found, fmt.Sprintf("%s: %d lines, at most %d", f.path, lines, maxFileLines))
	}
	for _, decl := range syntax.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if lines := set.Position(fn.End()).Line - set.Position(fn.Pos()).Line + 1; lines > maxFuncLines {
			found = append(found, fmt.Sprintf("%s: %s has %d lines, at most %d", f.path, fn.Name.Name, lines, maxFuncLines))
		}
	}
	return found
}

// checkNames looks at each word of a Go file's path, so that run_helpers_linux.go is found too.
func checkNames(files []file) (found []string) {
	for _, f := range files {
		if !f.isGo() {
			continue
		}
		words := strings.FieldsFunc(strings.TrimSuffix(f.path, ".go"), func(r rune) bool { return strings.ContainsRune("/_.-", r) })
		for _, word := range words {
			if slices.Contains(vagueNames, word) {
				found = append(found, fmt.Sprintf("%s: %q says nothing: name what it holds", f.path, word))
			}
		}
	}
	return found
}

func checkWords(files []file) (found []string) {
	for _, f := range files {
		for i, line := range strings.Split(f.text, "\n") {
			for _, word := range forbidden {
				if hit := word.pattern.FindString(line); hit != "" {
					found = append(found, fmt.Sprintf("%s:%d: %q is %s", f.path, i+1, hit, word.why))
				}
			}
		}
	}
	return found
}
