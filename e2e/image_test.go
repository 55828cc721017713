package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// stages are those of the Dockerfile by name, each from its FROM to the next.
func stages(tb testing.TB) map[string]string {
	tb.Helper()
	text, err := os.ReadFile("../Dockerfile")
	must(tb, err)
	found := map[string]string{}
	for part := range strings.SplitSeq(string(text), "\nFROM ") {
		first, _, _ := strings.Cut(part, "\n")
		if _, name, ok := strings.Cut(first, " AS "); ok {
			found[name] = part
		}
	}
	return found
}

// What orchestrators read of the image is said in it, and what it copies is there.
func TestImage_Dockerfile(t *testing.T) {
	t.Parallel()
	all := stages(t)
	for _, name := range []string{"execd", "kernels"} {
		for _, line := range []string{
			`LABEL org\.opencontainers\.image\.title="execd`, `EXPOSE 44772`, `STOPSIGNAL SIGTERM`,
			`HEALTHCHECK .*CMD \["/execd", "--probe", "ping"\]`, `CMD \["/execd"\]`,
		} {
			if !regexp.MustCompile("(?m)^" + line).MatchString(all[name]) {
				t.Errorf("the target %s has no line %s", name, line)
			}
		}
		if strings.Contains(all[name], "\nENTRYPOINT") { // what a server starts it with would become arguments of execd
			t.Errorf("the target %s has an entrypoint", name)
		}
	}
	if !regexp.MustCompile(`(?m)^USER [1-9]`).MatchString(all["kernels"]) {
		t.Error("the target kernels runs as root")
	}
	if !strings.Contains(all["build"], "CGO_ENABLED=0") {
		t.Error("the binary is not static")
	}
	for _, script := range regexp.MustCompile(`scripts/image/\w+\.sh`).FindAllString(all["layout"]+all["kernels"], -1) {
		if info, err := os.Stat(filepath.Join("..", script)); err != nil || info.Mode()&0o100 == 0 {
			t.Errorf("%s cannot be run: %v", script, err)
		}
	}
}

// The image execd, laid out by the steps of the Dockerfile: it is small, and does what an OpenSandbox server wants of it.
// The image kernels takes minutes: make image.
func TestImage_Execd(t *testing.T) {
	t.Parallel()
	if built, err := filepath.Abs("../bin/execd"); err != nil || binary(t) != built {
		t.Skipf("the script takes bin/execd, and another is under test")
	}
	if os.Getuid() != 0 {
		t.Skip("laying out a root and going into it takes root")
	}
	out, err := exec.CommandContext(t.Context(), "../scripts/image.sh", "execd").CombinedOutput()
	switch {
	case err != nil:
		t.Errorf("%v: %s", err, out)
	case strings.Contains(string(out), "skipped:"):
		t.Skip(string(out))
	case !strings.Contains(string(out), "execd is as it should be"):
		t.Errorf("%s", out)
	}
}
