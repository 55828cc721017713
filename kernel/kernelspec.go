package kernel

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// kernelspec is a kernel.json (Jupyter client documentation, "Kernel specs").
type kernelspec struct {
	Argv          []string          `json:"argv"`
	DisplayName   string            `json:"display_name"`
	Language      string            `json:"language"`
	InterruptMode string            `json:"interrupt_mode"` // "signal", the default, or "message"
	Env           map[string]string `json:"env"`

	name string // of its directory, in lower case
	dir  string // resource_dir
}

// validName is the form of a kernelspec's name; directories of other names are
// none (Jupyter client documentation, "Kernel specs").
var validName = regexp.MustCompile(`^[a-z0-9._-]+$`)

// kernelspecs returns the specs on the Jupyter path, first wins by name. What
// cannot be read or parsed is passed over, as jupyter_client does: one broken
// kernel must not hide the others.
func kernelspecs(env environ) []kernelspec {
	var specs []kernelspec
	for _, data := range dataDirs(env) {
		entries, _ := os.ReadDir(filepath.Join(data, "kernels"))
		for _, entry := range entries {
			name := strings.ToLower(entry.Name())
			if !validName.MatchString(name) {
				continue
			}
			taken := slices.ContainsFunc(specs, func(s kernelspec) bool { return s.name == name })
			if taken {
				continue
			}
			if s, ok := readKernelspec(filepath.Join(data, "kernels", entry.Name())); ok {
				s.name = name
				specs = append(specs, s)
			}
		}
	}
	return specs
}

func readKernelspec(dir string) (kernelspec, bool) {
	b, err := os.ReadFile(filepath.Join(dir, "kernel.json"))
	if err != nil {
		return kernelspec{}, false
	}
	s := kernelspec{dir: dir}
	if err := json.Unmarshal(b, &s); err != nil || len(s.Argv) == 0 {
		return kernelspec{}, false
	}
	return s, true
}

// prefix is the environment the spec belongs to: <prefix>/share/jupyter/kernels/<name>.
func (s *kernelspec) prefix() string {
	dir := s.dir
	for _, want := range []string{"", "kernels", "jupyter", "share"} {
		if want != "" && filepath.Base(dir) != want {
			return ""
		}
		dir = filepath.Dir(dir)
	}
	return dir
}

// mentions reports whether the command line names a program: in the path of
// an argument or in a module, as in "-m ipykernel_launcher".
func (s *kernelspec) mentions(program string) bool {
	return slices.ContainsFunc(s.Argv, func(arg string) bool { return strings.Contains(filepath.Base(arg), program) })
}

// command returns the command line for a connection file.
func (s *kernelspec) command(connectionFile string, env environ) []string {
	prefix := s.prefix()
	r := strings.NewReplacer("{connection_file}", connectionFile, "{resource_dir}", s.dir, "{prefix}", prefix)
	argv := make([]string, len(s.Argv))
	for i, arg := range s.Argv {
		argv[i] = r.Replace(arg)
	}
	argv[0] = program(argv[0], prefix, env["PATH"])
	return argv
}

// pythonName is what jupyter_client replaces with sys.executable.
var pythonName = regexp.MustCompile(`^python(3(\.\d+)?)?$`)

// program resolves argv[0]. A bare python means the one of the environment
// that holds the kernelspec; a machine may have python3 only.
func program(name, prefix, path string) string {
	if strings.Contains(name, "/") {
		return name
	}
	candidates := []string{name}
	if pythonName.MatchString(name) {
		candidates = append(candidates, "python3")
		for _, candidate := range candidates {
			file := filepath.Join(prefix, "bin", candidate)
			if prefix != "" && isFile(file) {
				return file
			}
		}
	}
	for _, candidate := range candidates {
		if file := lookPath(candidate, path); file != "" {
			return file
		}
	}
	return name // the launcher says that it is not there
}

// environment returns the environment of the kernel: base, the spec's with
// ${VAR} from base, then extra.
func (s *kernelspec) environment(base environ, extra []string) environ {
	env := make(environ, len(base)+len(s.Env)+len(extra)+1)
	for k, v := range base {
		env[k] = v
	}
	for k, v := range s.Env {
		env[k] = base.expand(v)
	}
	env.add(extra)
	return env
}

// reference is what expand replaces: $$, $NAME and ${NAME}.
var reference = regexp.MustCompile(`\$(\$|[A-Za-z_][A-Za-z0-9_]*|\{[A-Za-z_][A-Za-z0-9_]*\})`)

// expand replaces as jupyter_client does, with the rules of Python's
// string.Template: $$ is a dollar, and what is not known or no reference stays
// as it is written.
func (e environ) expand(s string) string {
	return reference.ReplaceAllStringFunc(s, func(ref string) string {
		if ref == "$$" {
			return "$"
		}
		if value, ok := e[strings.Trim(ref, "${}")]; ok {
			return value
		}
		return ref
	})
}
