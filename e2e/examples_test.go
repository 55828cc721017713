package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// example is a block of a document that can be run, with the comment before it that says what it prints.
var example = regexp.MustCompile("(?s)<!-- prints:([^\n]*?)-->\n```(sh|python|js)\n(.*?)```")

// TestExamples_Docs runs the examples of docs/examples.md as they are written, but for addresses.
func TestExamples_Docs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/examples.md")
	must(t, err)
	blocks := example.FindAllStringSubmatch(string(text), -1)
	if n := strings.Count(string(text), "```") / 2; n != len(blocks) || n == 0 {
		t.Errorf("%d examples, of which %d say what they print", n, len(blocks))
	}
	for _, b := range blocks {
		want, language, program := strings.TrimSpace(b[1]), b[2], b[3]
		name, _, _ := strings.Cut(program, "\n")
		t.Run(language+" "+name, func(t *testing.T) {
			t.Parallel()
			var printed string
			switch language {
			case "python":
				needsPython(t)
				printed = runExample(t, start(t), program, "example.py", filepath.Join(clientsDir(t), "python", "bin", "python"))
			case "js":
				needsPython(t)
				printed = runExample(t, start(t), program, "example.cjs", "node")
			default:
				home := t.TempDir()
				printed = startWith(t, notebookEnv(notebookKernel(t), home)).paste(t, program)
			}
			for text := range strings.SplitSeq(want, " | ") {
				if !strings.Contains(printed, text) {
					t.Errorf("%s\ndoes not print %q but:\n%s", program, text, printed)
				}
			}
		})
	}
}

// runExample runs a program that uses an SDK against the daemon.
func runExample(t *testing.T, d *daemon, program, file, interpreter string) string {
	t.Helper()
	const server = "localhost:8080"
	if !strings.Contains(program, server) {
		t.Errorf("this does not ask %s", server)
	}
	clients, dir := clientsDir(t), t.TempDir()
	program = strings.NewReplacer(server, lifecycle(t, d, ""), "/tmp/example", filepath.Join(dir, "example")).Replace(program)
	must(t, os.WriteFile(filepath.Join(dir, file), []byte(program), 0o600))
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, interpreter, filepath.Join(dir, file))
	cmd.Env = append(os.Environ(), "NODE_PATH="+filepath.Join(clients, "node_modules"))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%v: %s", err, stderr.String())
	}
	return string(out)
}
