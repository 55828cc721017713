package actors

import (
	"fmt"
	"os"

	"execd/shell"
)

// contextDir is the kernel's working directory, made where it is missing.
func contextDir(dir string) (string, error) {
	if dir == "" {
		return "", nil
	}
	path, err := shell.ExpandPath(dir, os.LookupEnv)
	if err != nil {
		return "", invalid(err)
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return "", invalid(fmt.Errorf("create cwd: %w", err))
	}
	return path, nil
}

// checkEnv refuses names that no environment can hold.
func checkEnv(env map[string]string) error {
	if _, _, err := shell.Environ(nil, "", env); err != nil {
		return invalid(err)
	}
	return nil
}
