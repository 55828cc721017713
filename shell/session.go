package shell

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// SessionConfig is what a session begins with.
type SessionConfig struct {
	ID  string
	Dir string // working directory; empty for that of this process
	Env []string
}

// Run is one script for a session.
type Run struct {
	ID     string // its descendants inherit it as EXECD_EXECUTION_ID
	Script string
	Dir    string   // where the shell goes first, and stays; empty for where it is
	Env    []string // KEY=VALUE, exported for this and later runs
	Stdin  *os.File // nil for /dev/null; the caller closes it after the run
}

// CheckRun reports what makes a run with these variables impossible before it
// begins.
func CheckRun(script string, vars map[string]string) error {
	if strings.ContainsRune(script, 0) {
		return ErrNUL
	}
	for name, value := range vars {
		if !variable.MatchString(name) || strings.ContainsRune(value, 0) {
			return fmt.Errorf("%w: %q", ErrVariable, name)
		}
	}
	return nil
}

// variable is a name that a shell can assign to (POSIX.1-2017, XBD 3.235).
var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// Errors of sessions.
var (
	ErrSessionClosed = errors.New("the session has been closed")
	ErrNoBash        = errors.New("sessions need bash, which is not installed")
	ErrNUL           = errors.New("neither a script nor an argument can have a NUL in it")
	ErrVariable      = errors.New("a variable of a shell has a name of letters, digits and underscores, and a value without a NUL")
)
