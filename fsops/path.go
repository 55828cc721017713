package fsops

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
)

var (
	// ErrBadPath is a path that cannot be: empty, with a NUL, or with a variable
	// that is not set.
	ErrBadPath = errors.New("not a path")

	// ErrNoName is the path of a directory where a file is to be written.
	ErrNoName = errors.New("it ends as the path of a directory; add the name of a file")
)

// Expand replaces a leading ~ by the home directory, and $NAME and ${NAME} by
// the variable of that name, and makes the path absolute from the working
// directory of this process. A variable that is not set is an error, as is ${
// without the name of one, because an empty string in its place would make
// another path of it. What a variable contains is taken as it is. \$ is a
// dollar sign, and so is one that no name follows.
func Expand(path string) (string, error) {
	expanded, err := expandAll(path)
	if err != nil {
		return "", err
	}
	return absolute(path, expanded)
}

// ExpandFile is Expand for a file that need not be there yet: what ends in a
// slash, or in a dot or two behind one, is an ErrNoName (POSIX.1-2024, 4.16).
func ExpandFile(path string) (string, error) {
	expanded, err := expandAll(path)
	if err != nil {
		return "", err
	}
	switch _, name := filepath.Split(expanded); name {
	case "", ".", "..":
		return "", pathError("write", path, ErrNoName)
	}
	return absolute(path, expanded)
}

func expandAll(path string) (string, error) {
	if path == "" || strings.ContainsRune(path, 0) {
		return "", fmt.Errorf("path %q: %w", path, ErrBadPath)
	}
	expanded, err := expand(path)
	if err != nil {
		return "", fmt.Errorf("expand %q: %w", path, err)
	}
	return expanded, nil
}

func absolute(asked, expanded string) (string, error) {
	path, err := filepath.Abs(expanded)
	if err != nil {
		return "", fmt.Errorf("resolve %q: %w", asked, err)
	}
	return path, nil
}

func expand(path string) (string, error) {
	if !strings.HasPrefix(path, "~") && !strings.Contains(path, "$") {
		return path, nil // by far the most often
	}
	var b strings.Builder
	if path == "~" || strings.HasPrefix(path, "~/") {
		home, err := homeDir()
		if err != nil {
			return "", err
		}
		b.WriteString(home)
		path = path[1:]
	}
	for {
		before, rest, found := strings.Cut(path, "$")
		if !found {
			b.WriteString(path)
			return b.String(), nil
		}
		if before, escaped := strings.CutSuffix(before, `\`); escaped {
			b.WriteString(before + "$")
			path = rest
			continue
		}
		b.WriteString(before)
		name, rest, err := cutVariable(rest)
		if err != nil {
			return "", err
		}
		value, ok := "$", true
		if name != "" {
			value, ok = os.LookupEnv(name)
		}
		if !ok {
			return "", fmt.Errorf("%w: variable %s is not set; a dollar sign is \\$", ErrBadPath, name)
		}
		b.WriteString(value)
		path = rest
	}
}

// homeDir is that of the environment, as in a shell, else the user's.
func homeDir() (string, error) {
	if dir := os.Getenv("HOME"); dir != "" {
		return dir, nil
	}
	u, err := user.Current()
	if err != nil || u.HomeDir == "" {
		return "", fmt.Errorf("%w: there is no home directory", ErrBadPath)
	}
	return u.HomeDir, nil
}

// cutVariable splits what follows a dollar sign into the name of a variable,
// which is empty where there is none, and the rest.
func cutVariable(s string) (name, rest string, err error) {
	if !strings.HasPrefix(s, "{") {
		n := nameLength(s)
		return s[:n], s[n:], nil
	}
	name, rest, closed := strings.Cut(s[1:], "}")
	if !closed || name == "" || nameLength(name) != len(name) {
		return "", "", fmt.Errorf("%w: ${ wants the name of a variable and }; a dollar sign is \\$", ErrBadPath)
	}
	return name, rest, nil
}

// nameLength is that of the name that s begins with (POSIX.1-2024, 3.216).
func nameLength(s string) int {
	for i := range len(s) {
		c := s[i]
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return i
		}
	}
	return len(s)
}
