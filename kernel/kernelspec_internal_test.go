package kernel

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// place writes a file, executable if it is in a bin or shims directory.
func place(t *testing.T, content string, parts ...string) string {
	t.Helper()
	file := filepath.Join(parts...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

func placeSpec(t *testing.T, data, name, content string) {
	t.Helper()
	place(t, content, data, "kernels", name, "kernel.json")
}

func TestDataDirs_Order(t *testing.T) {
	dir := t.TempDir()
	place(t, "", dir, "usr", "bin", "jupyter")
	target := place(t, "", dir, "opt", "bin", "python3.12")
	link := filepath.Join(dir, "env", "bin", "python3")
	place(t, "", dir, "env", "bin", "other")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	env := environ{
		"JUPYTER_PATH": "/a:/b:", "HOME": "/home/u", "CONDA_PREFIX": "/conda", "CONDA_DEFAULT_ENV": "base",
		"PATH": strings.Join([]string{"relative", filepath.Join(dir, "env", "bin"), filepath.Join(dir, "usr", "bin")}, ":"),
	}
	want := []string{
		"/a", "/b", "/home/u/.local/share/jupyter", "/conda/share/jupyter", dir + "/usr/share/jupyter",
		dir + "/env/share/jupyter", dir + "/opt/share/jupyter", "/usr/local/share/jupyter", "/usr/share/jupyter",
	}
	if got := dataDirs(env); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for key, value := range map[string]string{"VIRTUAL_ENV": "/venv", "JUPYTER_PREFER_ENV_PATH": "1", "CONDA_DEFAULT_ENV": "science"} {
		active := maps.Clone(env)
		active[key] = value
		got := dataDirs(active)
		user, conda := slices.Index(got, want[2]), slices.Index(got, "/conda/share/jupyter")
		if conda > user || got[1] != "/b" {
			t.Errorf("%s: %q has the user's before the environment's", key, got)
		}
		active["JUPYTER_PREFER_ENV_PATH"] = "0"
		if got := dataDirs(active); got[2] != want[2] {
			t.Errorf("%s, not to be preferred: %q", key, got)
		}
	}
	env["XDG_DATA_HOME"] = "/xdg"
	if got := dataDirs(env); !slices.Contains(got, "/xdg/jupyter") || !slices.Contains(got, "/home/u/.local/share/jupyter") {
		t.Errorf("%q has not both directories of the user", got)
	}
	if got := userDir(env); got != "/xdg/jupyter" {
		t.Errorf("%q", got)
	}
	env["JUPYTER_DATA_DIR"] = "/data"
	if got := userDir(env); got != "/data" {
		t.Errorf("%q", got)
	}
}

func TestPrefixes_Pyenv(t *testing.T) {
	root := t.TempDir()
	place(t, "", root, "shims", "python3")
	place(t, "", root, "versions", "3.12.1", "bin", "python3")
	place(t, "", root, "versions", "3.11.7", "bin", "python3")
	place(t, "3.11.7\n3.12.1\n", root, "version")
	env := environ{"PATH": filepath.Join(root, "shims")}
	if got := prefixes(env); !slices.Equal(got, []string{filepath.Join(root, "versions", "3.11.7")}) {
		t.Errorf("global: %q", got)
	}
	env["PYENV_VERSION"] = "3.12.1"
	if got := prefixes(env); !slices.Equal(got, []string{filepath.Join(root, "versions", "3.12.1")}) {
		t.Errorf("PYENV_VERSION: %q", got)
	}
}

func TestKernelspecs_FirstWins(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	placeSpec(t, one, "Python3", `{"argv":["one"],"language":"python"}`)
	placeSpec(t, one, "broken", `{`)
	placeSpec(t, one, "empty", `{"argv":[]}`)
	placeSpec(t, one, "of my own", `{"argv":["x"]}`)
	placeSpec(t, two, "python3", `{"argv":["two"],"language":"python"}`)
	placeSpec(t, two, "broken", `{"argv":["mended"]}`)
	specs := kernelspecs(environ{"JUPYTER_PATH": one + ":" + two})
	found := map[string]string{}
	for _, s := range specs {
		found[s.name] = s.Argv[0]
	}
	if found["python3"] != "one" || found["broken"] != "mended" {
		t.Errorf("%v", found)
	}
	for _, bad := range []string{"empty", "of my own"} {
		if _, there := found[bad]; there {
			t.Errorf("spec %q was taken", bad)
		}
	}
}

func TestKernelspec_Command(t *testing.T) {
	prefix, path := t.TempDir(), t.TempDir()
	home := filepath.Join(prefix, "share", "jupyter", "kernels", "k")
	ours := place(t, "", prefix, "bin", "python3")
	jupyter := place(t, "", path, "kernel-program")
	theirs := place(t, "", path, "python3.9")
	tests := []struct {
		name, dir string
		argv      []string
		want      string
	}{
		{"python of the prefix", home, []string{"python", "-f", "{connection_file}"}, ours + " -f FILE"},
		{"version that the prefix lacks", home, []string{"python3.9"}, ours},
		{"python elsewhere", "/x/k", []string{"python3.9"}, theirs},
		{"on PATH", home, []string{"kernel-program", "{resource_dir}/a", "{prefix}/b"}, jupyter + " " + home + "/a " + prefix + "/b"},
		{"absolute", home, []string{"/usr/bin/python3", "{unknown}"}, "/usr/bin/python3 {unknown}"},
		{"nowhere", home, []string{"missing"}, "missing"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := kernelspec{Argv: test.argv, dir: test.dir}
			if got := strings.Join(s.command("FILE", environ{"PATH": path}), " "); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

func TestKernelspec_Environment(t *testing.T) {
	s := kernelspec{Env: map[string]string{"A": "${HOME}:$B:${NONE}:$$", "OVER": "spec", "C": "$NONE $1 ${B $*"}}
	got := s.environment(environ{"HOME": "/h", "B": "b", "OVER": "base"}, []string{"OVER=extra", "X=a=b"})
	for k, want := range map[string]string{"A": "/h:b:${NONE}:$", "C": "$NONE $1 ${B $*", "OVER": "extra", "X": "a=b", "HOME": "/h"} {
		if got[k] != want {
			t.Errorf("%s is %q, want %q", k, got[k], want)
		}
	}
}

func TestChoose(t *testing.T) {
	specs := []kernelspec{
		{name: "venv", Language: "python"}, {name: "python3", Language: "python"}, {name: "deno", Language: "typescript"},
		{name: "tslab", Language: "typescript"}, {name: "ir", Language: "R"}, {name: "zig", Language: "Zig"},
	}
	for asked, want := range map[string]string{
		"python": "python3", "PY": "python3", "IPython": "python3", "venv": "venv", "ts": "tslab", "deno": "deno",
		"js": "deno", "r": "ir", "R": "ir", "ZIG": "zig",
	} {
		s, _, err := choose(specs, nil, asked)
		if err != nil || s.name != want {
			t.Errorf("%s: %q, want %q (%v)", asked, s.name, want, err)
		}
	}
	for _, asked := range []string{"", "sh", "shell", "cobol", "go"} {
		if s, _, err := choose(specs, nil, asked); !errors.Is(err, ErrNoKernel) {
			t.Errorf("%q: %q, %v", asked, s.name, err)
		}
	}
	if _, language, _ := choose(specs, nil, "VENV"); language != "python" {
		t.Errorf("language of venv: %q", language)
	}
}

func TestChoose_Order(t *testing.T) {
	specs := []kernelspec{
		{name: "python3", Language: "python"}, {name: "venv", Language: "python"}, {name: "java", Language: "java"},
		{name: "jjava", Language: "Java"}, {name: "zig", Language: "zig"}, {name: "zig2", Language: "zig"}, {name: "bash", Language: "bash"},
	}
	order := Order{"PY": {"missing", "Venv"}, "java": {"jjava"}, "Zig": {"zig2"}, "bash": {"missing"}}
	for asked, want := range map[string]string{
		"python": "venv", "py": "venv", "python3": "python3", "java": "jjava", "zig": "zig2", "bash": "bash", "sh": "bash",
	} {
		if s, _, err := choose(specs, order, asked); err != nil || s.name != want {
			t.Errorf("%s: %q, want %q (%v)", asked, s.name, want, err)
		}
	}
	list := installedLanguages(specs, order)
	if i := slices.IndexFunc(list, func(l Language) bool { return l.Name == "python" }); i < 0 || list[i].Kernel != "venv" {
		t.Errorf("%+v", list)
	}
}

func TestParseOrder(t *testing.T) {
	got, err := ParseOrder(" py=Venv, java=jjava,python = python3,, zig=zig2 ")
	if want := `map[java:[jjava] python:[venv python3] zig:[zig2]]`; err != nil || fmt.Sprint(got) != want {
		t.Errorf("%v, want %s (%v)", got, want, err)
	}
	if got, err := ParseOrder(""); err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"python", "=venv", "python=", "python=a b", "python=venv;java=jjava"} {
		if got, err := ParseOrder(bad); err == nil {
			t.Errorf("%q was taken as %v", bad, got)
		}
	}
}

// TestMissing: each language that execd installs kernels for is there or
// missing, and what is missing has a command.
func TestMissing(t *testing.T) {
	installed := installedLanguages([]kernelspec{{name: "python3", Language: "python"}, {name: "zig", Language: "zig"}}, nil)
	if len(installed) != 2 || installed[0].Install == "" {
		t.Errorf("installed: %+v", installed)
	}
	missing := make(map[string]Language)
	for _, l := range Missing(installed) {
		missing[l.Name] = l
	}
	for _, name := range []string{"bash", "go", "java", "javascript", "typescript"} {
		if l := missing[name]; l.Install == "" || l.Kernel != "" || Canonical(strings.ToUpper(name)) != name {
			t.Errorf("%s: %+v", name, l)
		}
	}
	if _, there := missing["python"]; there {
		t.Error("python is missing and installed")
	}
}
