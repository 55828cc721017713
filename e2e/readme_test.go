package e2e_test

import (
	"bytes"
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// shellBlock is a block that a reader would paste into a terminal, with the comment before it that says what it prints:
// texts with | between them.
var shellBlock = regexp.MustCompile("(?s)(?:<!-- prints:(.*?)-->\n)?```sh\n(.*?)```")

// asWritten makes curl fail where HTTP does. A person would see the error; a script has to be told.
const asWritten = "set -eu\ncurl() { command curl -sS --fail-with-body \"$@\"; }\n"

// TestReadme_Examples runs every example of the README as it is written, but for the port, each against a daemon that has
// not seen the others.
func TestReadme_Examples(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl")
	}
	blocks := shellBlock.FindAllStringSubmatch(readme(t), -1)
	if len(blocks) == 0 {
		t.Fatal("the README has no examples")
	}
	for _, b := range blocks {
		want, script := strings.TrimSpace(b[1]), b[2]
		name, _, _ := strings.Cut(strings.TrimSpace(script), "\n")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if strings.Contains(script, "python") {
				needsPython(t)
			}
			if !strings.Contains(b[0], "<!-- prints:") {
				t.Error("nothing says what this prints: put <!-- prints: a text | another --> before it")
			}
			printed := start(t).paste(t, script)
			for text := range strings.SplitSeq(want, " | ") {
				if !strings.Contains(printed, text) {
					t.Errorf("%s\ndoes not print %q but:\n%s", script, text, printed)
				}
			}
		})
	}
}

// paste runs a script of the README against the daemon.
func (d *daemon) paste(tb testing.TB, script string) string {
	tb.Helper()
	const address = "localhost:44772"
	if !strings.Contains(script, address) {
		tb.Errorf("this does not call %s:\n%s", address, script)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", asWritten+strings.ReplaceAll(script, address, d.addr))
	cmd.Dir = tb.TempDir()
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		tb.Errorf("%s\n%v: %s%s", script, err, out.String(), stderr.String())
	}
	return out.String()
}

var (
	settingRow  = regexp.MustCompile("(?m)^\\| `(--[a-z-]+)` \\| `([A-Z_]+)` \\| (?:`(.*?)`)? ?\\|")
	settingHelp = regexp.MustCompile(`(?m)^ {2}(--[a-z-]+)(?: \(default (.*)\))?\n.*\[([A-Z_]+)\]$`)
)

// TestReadme_Settings: the README has the settings that execd --help has, with the same variables and defaults.
func TestReadme_Settings(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), binary(t), "--help").Output()
	must(t, err)
	type setting struct{ env, value string }
	known, told := map[string]setting{}, map[string]setting{}
	for _, m := range settingHelp.FindAllStringSubmatch(string(out), -1) {
		known[m[1]] = setting{m[3], m[2]}
	}
	for _, m := range settingRow.FindAllStringSubmatch(readme(t), -1) {
		told[m[1]] = setting{m[2], m[3]}
	}
	if len(known) < 10 {
		t.Fatalf("only %d settings found in:\n%s", len(known), out)
	}
	for _, flag := range slices.Sorted(maps.Keys(known)) {
		if told[flag] != known[flag] {
			t.Errorf("%s: the README says %+v, --help says %+v", flag, told[flag], known[flag])
		}
		delete(told, flag)
	}
	for flag := range told {
		t.Errorf("%s is in the README and not in --help", flag)
	}
}

var markdownLink = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)

// TestReadme_Links: what the documents refer to is there.
func TestReadme_Links(t *testing.T) {
	t.Parallel()
	for page, text := range pages(t, "../*.md", "../docs/*.md") {
		for _, link := range markdownLink.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), link[1])); err != nil {
				t.Errorf("%s refers to %s, which is not there", page, link[1])
			}
		}
	}
}

// pages are the texts of documents, by their paths.
func pages(tb testing.TB, patterns ...string) map[string]string {
	tb.Helper()
	texts := map[string]string{}
	for _, pattern := range patterns {
		paths, err := filepath.Glob(pattern)
		must(tb, err)
		for _, path := range paths {
			text, err := os.ReadFile(path)
			must(tb, err)
			texts[path] = string(text)
		}
	}
	return texts
}

func readme(tb testing.TB) string {
	tb.Helper()
	text, err := os.ReadFile("../README.md")
	must(tb, err)
	return string(text)
}

// quotedCode is a block of Go in a document, with the comment before it that says where it is from.
var quotedCode = regexp.MustCompile("(?s)(?:<!-- from (\\S+) -->\n)?```go\n(.*?)```")

// TestDocs_Quotes: code in the documents is the code.
func TestDocs_Quotes(t *testing.T) {
	t.Parallel()
	found := 0
	for page, text := range pages(t, "../docs/*.md") {
		for _, q := range quotedCode.FindAllStringSubmatch(text, -1) {
			found++
			source, err := os.ReadFile(filepath.Join("..", q[1]))
			if err != nil || !strings.Contains(string(source), q[2]) {
				t.Errorf("%s quotes from %q what is not there:\n%s", page, q[1], q[2])
			}
		}
	}
	if found == 0 {
		t.Error("no quotes found")
	}
}
