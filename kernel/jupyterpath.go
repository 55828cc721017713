package kernel

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// environ is an environment by name.
type environ map[string]string

func parseEnviron(list []string) environ {
	env := make(environ, len(list))
	env.add(list)
	return env
}

// add puts KEY=value entries over what is there.
func (e environ) add(list []string) {
	for _, kv := range list {
		if k, v, ok := strings.Cut(kv, "="); ok {
			e[k] = v
		}
	}
}

func (e environ) list() []string {
	list := make([]string, 0, len(e))
	for _, k := range slices.Sorted(maps.Keys(e)) {
		list = append(list, k+"="+e[k])
	}
	return list
}

// systemDirs are the data directories of the machine.
var systemDirs = []string{"/usr/local/share/jupyter", "/usr/share/jupyter"}

// dataDirs returns the Jupyter data directories in the order of the Jupyter
// documentation ("Common Directories and File Locations", "Data files"):
// JUPYTER_PATH, the user's, those of the Python environment, the machine's.
func dataDirs(env environ) []string {
	var dirs []string
	add := func(dir string) {
		if dir != "" && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	for _, dir := range filepath.SplitList(env["JUPYTER_PATH"]) {
		add(dir)
	}
	user := []string{userDir(env), userBase(env)}
	var environment []string
	for _, prefix := range prefixes(env) {
		environment = append(environment, filepath.Join(prefix, "share", "jupyter"))
	}
	groups := [][]string{user, environment}
	if preferEnvironment(env) {
		slices.Reverse(groups)
	}
	for _, dir := range slices.Concat(groups...) {
		add(dir)
	}
	for _, dir := range systemDirs {
		add(dir)
	}
	return dirs
}

func userDir(env environ) string {
	if dir := env["JUPYTER_DATA_DIR"]; dir != "" {
		return dir
	}
	if dir := env["XDG_DATA_HOME"]; dir != "" {
		return filepath.Join(dir, "jupyter")
	}
	if home := env["HOME"]; home != "" {
		return filepath.Join(home, ".local", "share", "jupyter")
	}
	return ""
}

// userBase is the data directory of what pip install --user puts (Python
// documentation, "site.USER_BASE"). It is another one than userDir's when the
// environment moves that.
func userBase(env environ) string {
	if dir := env["PYTHONUSERBASE"]; dir != "" {
		return filepath.Join(dir, "share", "jupyter")
	}
	if home := env["HOME"]; home != "" {
		return filepath.Join(home, ".local", "share", "jupyter")
	}
	return ""
}

// preferEnvironment reports whether the environment's kernels come before the
// user's: as JUPYTER_PREFER_ENV_PATH says, or if a virtual or a conda
// environment other than the base one is active (Jupyter documentation, "Data
// files").
func preferEnvironment(env environ) bool {
	if said, ok := env["JUPYTER_PREFER_ENV_PATH"]; ok {
		return !slices.Contains([]string{"no", "n", "false", "off", "0", "0.0"}, strings.ToLower(said))
	}
	conda := env["CONDA_DEFAULT_ENV"]
	return env["VIRTUAL_ENV"] != "" || env["CONDA_PREFIX"] != "" && conda != "" && conda != "base"
}

// prefixes guesses what sys.prefix would be, without running Python: the
// active virtual or conda environment, then where jupyter and python3 are
// found on PATH, before and after symbolic links (a virtual environment's
// python3 is a link out of it).
func prefixes(env environ) []string {
	list := []string{env["VIRTUAL_ENV"], env["CONDA_PREFIX"]}
	for _, name := range []string{"jupyter", "python3"} {
		file := lookPath(name, env["PATH"])
		if file == "" {
			continue
		}
		if version := pyenvVersion(file, env); version != "" {
			list = append(list, version)
			continue
		}
		list = append(list, prefixOf(file))
		if target, err := filepath.EvalSymlinks(file); err == nil {
			list = append(list, prefixOf(target))
		}
	}
	return slices.DeleteFunc(list, func(p string) bool { return p == "" || p == "/" })
}

// prefixOf is /opt/py for /opt/py/bin/python3.
func prefixOf(file string) string { return filepath.Dir(filepath.Dir(file)) }

// pyenvVersion returns the prefix that a pyenv shim would run, which is a
// script that has nothing to do with where it lies. PYENV_VERSION comes before
// the global version; the per-directory one depends on a directory that is not
// ours, and is not looked at.
func pyenvVersion(shim string, env environ) string {
	dir := filepath.Dir(shim)
	if filepath.Base(dir) != "shims" {
		return ""
	}
	root := filepath.Dir(dir)
	chosen := env["PYENV_VERSION"]
	if chosen == "" {
		b, _ := os.ReadFile(filepath.Join(root, "version")) // missing: system
		chosen = string(b)
	}
	first, _, _ := strings.Cut(strings.TrimSpace(strings.ReplaceAll(chosen, "\n", ":")), ":")
	prefix := filepath.Join(root, "versions", first)
	if first == "" || !isFile(filepath.Join(prefix, "bin", "python3")) {
		return ""
	}
	return prefix
}

// lookPath finds an executable on a PATH that need not be the daemon's.
func lookPath(name, path string) string {
	for _, dir := range filepath.SplitList(path) {
		if !filepath.IsAbs(dir) {
			continue // what a relative PATH entry means changes with the directory
		}
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file
		}
	}
	return ""
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}
