package e2e_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// lifecycle stands in for the server of OpenSandbox, of which an SDK only asks where a sandbox is. What it sends along
// has to reach execd: the token.
func lifecycle(t *testing.T, d *daemon, token string) (domain string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/sandboxes/{id}/endpoints/{port}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(object{"endpoint": d.addr, "headers": object{"X-EXECD-ACCESS-TOKEN": token}})
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// drive runs a program that uses an SDK, and checks which of its parts came through.
func drive(t *testing.T, want []string, program ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program[0], program[1:]...)
	var out, problems strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		t.Errorf("%v: %s", err, problems.String())
	}
	if done := strings.Fields(out.String()); !slices.Equal(done, want) {
		t.Errorf("%q came through, want %q", done, want)
	}
}

func TestSDK_Python(t *testing.T) {
	t.Parallel()
	needsPython(t)
	clients := clientsDir(t)
	dir := t.TempDir()
	d := startWith(t, []string{"EXECD_ENVS=" + dir + "/envs"}, "--access-token", "the-token")
	drive(t, []string{"commands", "files", "code"}, clients+"/python/bin/python", "testdata/sdk.py", lifecycle(t, d, "the-token"), dir)
}

// TestSDK_Languages has the SDK speak every language that it names, and draw a chart.
func TestSDK_Languages(t *testing.T) {
	t.Parallel()
	notebook, clients := notebookKernel(t), clientsDir(t)
	_, others, _ := strings.Cut(allKernels(t)[0], "=")
	languages := []string{"python", "java", "go", "typescript", "javascript", "bash"}
	for _, l := range dialects {
		needsKernel(t, l.kernel)
	}
	dir := t.TempDir()
	env := []string{"JUPYTER_PATH=" + notebook + "/share/jupyter:" + others, "IPYTHONDIR=" + dir, "TMPDIR=" + t.TempDir()}
	d := startWith(t, env, "--access-token", "the-token")
	program := append([]string{clients + "/python/bin/python", "testdata/sdk_languages.py", lifecycle(t, d, "the-token"), dir}, languages...)
	drive(t, append(languages, "chart"), program...)
}

func TestSDK_JavaScript(t *testing.T) {
	t.Parallel()
	clients := clientsDir(t)
	d := start(t, "--access-token", "the-token")
	drive(t, []string{"commands", "files", "metrics"}, "node", "testdata/sdk.cjs", clients, lifecycle(t, d, "the-token"), t.TempDir())
}
