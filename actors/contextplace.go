package actors

import (
	"fmt"
	"os"
	"regexp"

	"execd/actors/msg"
	"execd/kernel"
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

// variableName is a name that every language can write (POSIX, 3.231 Name).
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// checkRunEnv refuses variables for one run where they cannot be had.
func checkRunEnv(language string, env map[string]string) error {
	for name := range env {
		if !variableName.MatchString(name) {
			return invalid(fmt.Errorf("environment variable %q: of one run it has a name of letters, digits and _", name))
		}
	}
	if err := checkEnv(env); err != nil {
		return err
	}
	if len(env) > 0 && !kernel.TakesRunEnv(language) {
		return msg.Errorf(msg.NotSupported, "a %s kernel cannot change its environment for one run; give envs to its context", language)
	}
	return nil
}
