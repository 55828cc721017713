package main

import (
	"fmt"
	"os"
	"strings"
)

const (
	clone3Variable = "EXECD_CLONE3_COMPAT"
	clone3Applied  = "_EXECD_CLONE3_COMPAT_APPLIED" // in the environment of an execd that has executed itself
)

// clone3Mode is what EXECD_CLONE3_COMPAT asks for.
type clone3Mode int

const (
	clone3Allowed clone3Mode = iota
	clone3Refused
	clone3Reexec
)

func parseClone3(value string) (clone3Mode, error) {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "", "0", "false", "off", "no":
		return clone3Allowed, nil
	case "1", "true", "on", "yes":
		return clone3Refused, nil
	case "reexec":
		return clone3Reexec, nil
	}
	return clone3Allowed, fmt.Errorf("invalid value %q for %s: want true, false or reexec", value, clone3Variable)
}

// avoidClone3 has the system refuse clone3(2) to execd and to all that it
// starts, if it is asked to. Some old container runtimes answer it with
// EPERM, where the C library would only take ENOSYS for a reason to use
// clone(2): there no program can start a thread.
func avoidClone3(value string) error {
	mode, err := parseClone3(value)
	if err != nil || mode == clone3Allowed {
		return err
	}
	if _, applied := os.LookupEnv(clone3Applied); applied {
		_ = os.Unsetenv(clone3Applied) // it is nobody else's concern
		return nil
	}
	if err := refuseClone3(); err != nil {
		return fmt.Errorf("%s: %w", clone3Variable, err)
	}
	if mode == clone3Reexec {
		return executeSelf(append(os.Environ(), clone3Applied+"=1"))
	}
	return nil
}
