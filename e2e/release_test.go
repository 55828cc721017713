package e2e_test

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"go/build"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A binary of more than this takes longer to copy into a sandbox than to start.
const maxBinary = 25 << 20

func TestRelease_Size(t *testing.T) {
	t.Parallel()
	info, err := os.Stat(binary(t))
	must(t, err)
	t.Logf("%d bytes", info.Size())
	if info.Size() > maxBinary {
		t.Errorf("the binary has %d bytes, at most %d", info.Size(), maxBinary)
	}
}

// release copies the tree and runs make release in the copy, as on another machine: without .git, and in the long form
// (EXECD_SOAK) for every platform and without what was compiled before.
func release(t *testing.T) (dist string) {
	t.Helper()
	dir := t.TempDir()
	for _, f := range tree(t) {
		path := filepath.Join(dir, f.path)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		info, err := os.Stat(filepath.Join("..", f.path))
		must(t, err)
		must(t, os.WriteFile(path, []byte(f.text), info.Mode()))
	}
	cmd := exec.CommandContext(t.Context(), "make", "-C", dir, "release", "VERSION=v1.2.3", "COMMIT=c0ffee", "DATE=2026-01-02T03:04:05Z")
	cmd.Env = os.Environ()
	if soak(t) > 1 {
		cmd.Env = append(cmd.Env, "GOCACHE="+filepath.Join(t.TempDir(), "cache"))
	} else {
		cmd.Env = append(cmd.Env, "PLATFORMS="+runtime.GOOS+"/"+runtime.GOARCH)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("make release: %v: %s", err, out)
	}
	return filepath.Join(dir, "dist")
}

// Two builds of the same source in two places are the same to the last byte, and have their checksums and bills of
// materials beside them.
func TestRelease_Reproducible(t *testing.T) { //nolint:paralleltest // it takes all of the machine
	binary(t) // where the tests run, Go does
	first, second := release(t), release(t)
	sums, err := os.ReadFile(filepath.Join(first, "SHA256SUMS"))
	must(t, err)
	again, err := os.ReadFile(filepath.Join(second, "SHA256SUMS"))
	must(t, err)
	if !bytes.Equal(sums, again) {
		t.Errorf("two builds differ:\n%s\n%s", sums, again)
	}
	programs := 0
	for line := range strings.Lines(string(sums)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		text, err := os.ReadFile(filepath.Join(first, name))
		must(t, err)
		if got := sha256.Sum256(text); hex.EncodeToString(got[:]) != sum {
			t.Errorf("%s has another checksum than SHA256SUMS says", name)
		}
		if !strings.HasPrefix(name, "execd_") || strings.HasSuffix(name, ".json") {
			continue
		}
		programs++
		checkProgram(t, filepath.Join(first, name), text)
	}
	if want := 1; programs < want || soak(t) > 1 && programs != 6 {
		t.Errorf("%d programs are listed:\n%s", programs, sums)
	}
}

// checkProgram looks for what would tell where a program was built, and holds its bill of materials against it.
func checkProgram(t *testing.T, path string, text []byte) {
	t.Helper()
	if len(text) > maxBinary {
		t.Errorf("%s has %d bytes, at most %d", path, len(text), maxBinary)
	}
	for _, place := range []string{filepath.Dir(filepath.Dir(path)), build.Default.GOPATH, build.Default.GOROOT} {
		if place != "" && bytes.Contains(text, []byte(place+"/")) {
			t.Errorf("%s has the path %s in it", path, place)
		}
	}
	info, err := buildinfo.ReadFile(path)
	must(t, err)
	var bom struct {
		BOMFormat, SpecVersion string
		Metadata               struct {
			Component struct {
				Name, Version string
				Hashes        []struct{ Alg, Content string }
			}
		}
		Components []struct{ Name, Version, PURL string }
	}
	raw, err := os.ReadFile(path + ".cdx.json")
	must(t, err)
	must(t, json.Unmarshal(raw, &bom))
	sum := sha256.Sum256(text)
	about := bom.Metadata.Component
	if bom.BOMFormat != "CycloneDX" || about.Name != module || about.Version != "v1.2.3" ||
		len(about.Hashes) != 1 || about.Hashes[0].Content != hex.EncodeToString(sum[:]) {
		t.Errorf("%s.cdx.json is about %+v", path, about)
	}
	listed := map[string]string{}
	for _, c := range bom.Components {
		listed[c.Name] = c.Version
		if !strings.HasPrefix(c.PURL, "pkg:golang/"+c.Name+"@") {
			t.Errorf("%s has the package URL %s", c.Name, c.PURL)
		}
	}
	if len(listed) != len(info.Deps)+1 || listed["std"] != strings.TrimPrefix(info.GoVersion, "go") {
		t.Errorf("%d modules are listed, %d are linked with %s", len(listed), len(info.Deps), info.GoVersion)
	}
	for _, dep := range info.Deps {
		if listed[dep.Path] != dep.Version {
			t.Errorf("%s is listed as %s, and linked as %s", dep.Path, listed[dep.Path], dep.Version)
		}
	}
}
