package fsops

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ErrBadPath is a path that cannot be: empty, with a NUL, or with a variable
// that is not set.
var ErrBadPath = errors.New("not a path")

// Expand replaces a leading ~ by the home directory, and $NAME and ${NAME} by
// the variable of that name, and makes the path absolute from the working
// directory of this process. A variable that is not set is an error, because
// an empty string in its place would make another path of it.
func Expand(path string) (string, error) {
	if path == "" || strings.ContainsRune(path, 0) {
		return "", fmt.Errorf("path %q: %w", path, ErrBadPath)
	}
	expanded := path
	if path == "~" || strings.HasPrefix(path, "~/") {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("expand %q: %w: %w", path, ErrBadPath, err)
		}
		expanded = home + path[1:]
	}
	if strings.Contains(expanded, "$") {
		var missing string
		expanded = os.Expand(expanded, func(name string) string {
			v, ok := os.LookupEnv(name)
			if !ok && missing == "" {
				missing = name
			}
			return v
		})
		if missing != "" {
			return "", fmt.Errorf("expand %q: %w: variable %s is not set", path, ErrBadPath, missing)
		}
	}
	absolute, err := filepath.Abs(expanded)
	if err != nil {
		return "", fmt.Errorf("resolve %q: %w", path, err)
	}
	return absolute, nil
}
