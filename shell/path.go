package shell

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
)

// ExpandPath replaces a leading ~ by HOME, and $NAME and ${NAME} by the
// variable of that name. A variable that is not set is an error, because an
// empty string in its place would make another path of it.
func ExpandPath(path string, lookup func(string) (string, bool)) (string, error) {
	if path == "~" || strings.HasPrefix(path, "~/") {
		home, err := homeDir(lookup)
		if err != nil {
			return "", fmt.Errorf("expand %q: %w", path, err)
		}
		path = home + path[1:]
	}
	if badVariable.MatchString(path) { // os.Expand would take it out
		return "", fmt.Errorf("expand %q: ${ without the name of a variable and }", path)
	}
	var missing string
	expanded := os.Expand(path, func(name string) string {
		v, ok := lookup(name)
		if !ok && missing == "" {
			missing = name
		}
		return v
	})
	if missing != "" {
		return "", fmt.Errorf("expand %q: variable %s is not set", path, missing)
	}
	return expanded, nil
}

// badVariable is a ${ that no name and } follow.
var badVariable = regexp.MustCompile(`\$\{([^A-Za-z_]|$|[A-Za-z0-9_]+([^A-Za-z0-9_}]|$))`)

func homeDir(lookup func(string) (string, bool)) (string, error) {
	if home, ok := lookup("HOME"); ok && home != "" {
		return home, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", errors.New("HOME is not set")
	}
	return home, nil
}

// ResolveDir expands a working directory and makes sure that it is one.
func ResolveDir(dir string, lookup func(string) (string, bool)) (string, error) {
	path, err := ExpandPath(dir, lookup)
	if err != nil {
		return "", err
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", fmt.Errorf("resolve working directory %q: %w", dir, err)
	}
	if err := enter(path); err != nil {
		return "", fmt.Errorf("working directory %q: %w", path, err)
	}
	return path, nil
}

// enter reports why one could not go to a directory: it has to be one, and to
// be searchable, as it is for what is in it.
func enter(path string) error {
	info, err := os.Stat(path + string(filepath.Separator) + ".")
	if err != nil {
		return bare(err)
	}
	if !info.IsDir() {
		return syscall.ENOTDIR
	}
	return nil
}

// bare is err without the operation and path that the caller names itself.
func bare(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

func pathOf(env []string) string {
	if path, ok := lookupIn(env)("PATH"); ok {
		return path
	}
	return os.Getenv("PATH")
}

// lookPath finds an executable file in a PATH, which need not be this
// process's own. A name with a slash is a path already.
func lookPath(name, path string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, dir := range filepath.SplitList(path) {
		if dir == "" {
			dir = "." // as POSIX has it (XBD 8.3)
		}
		candidate := filepath.Join(dir, name)
		if isExecutable(candidate) {
			return filepath.Abs(candidate)
		}
	}
	return "", fmt.Errorf("%s: command not found in PATH", name)
}

func isExecutable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir() && info.Mode()&0o111 != 0
}
