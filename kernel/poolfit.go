package kernel

import "strings"

// A kernel that has started can be given a directory and variables by code that
// it runs (setupCode), and some things it has read by then: where its modules
// are, its locale, what it shall look like. A spec that has those is for a new
// process.

// early are variables that a kernel, its interpreter or its libraries read as
// they start, or set then. One that ends with * is the beginning of a name.
var early = []string{
	"PATH", "HOME", "USER", "LOGNAME", "TZ", "LANG", "LANGUAGE", "LC_*", "LD_*", "DYLD_*", "MALLOC_*", "GLIBC_*",
	"PYTHON*", "IPYTHON*", "JUPYTER_*", "JPY_*", "XDG_*", "VIRTUAL_ENV", "CONDA_*", "MPL*", "DEBUGPY_*", "PYDEVD_*", "OPENSSL_*",
	"TERM", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "NO_COLOR", "PAGER", "GIT_PAGER", "COLUMNS", "LINES",
	"BASH*", "PWD", "OLDPWD", "SHLVL", "SHELLOPTS", "IFS", "ENV", "POSIXLY_CORRECT", "PROMPT_*", "PS0", "PS1", "PS2", "PS4", "HIST*",
}

// settled are the languages whose kernels cannot tell whether they were given
// their directory and variables at their start or a moment ago. Others have
// looked at them: tslab resolves modules, and gonb writes its workspace, from
// where it started.
var settled = map[string]bool{"python": true, "bash": true}

// fitsLater reports whether a kernel that runs already can become what the spec
// wants.
func (spec StartSpec) fitsLater(language string) bool {
	if spec.Dir == "" && len(spec.Env) == 0 {
		return true
	}
	if !settled[language] {
		return false
	}
	for _, kv := range spec.Env {
		name, _, _ := strings.Cut(kv, "=")
		if isEarly(name) {
			return false
		}
	}
	return true
}

func isEarly(name string) bool {
	for _, pattern := range early {
		if prefix, ok := strings.CutSuffix(pattern, "*"); name == pattern || ok && strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}
