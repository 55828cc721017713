package shell

import (
	"errors"
	"os"
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
	Stdin  *os.File // nil for /dev/null; the caller closes it after Run
}

// Errors of sessions.
var (
	ErrSessionClosed = errors.New("the session has been closed")
	ErrNoBash        = errors.New("sessions need bash, which is not installed")
	ErrNUL           = errors.New("a script cannot have a NUL in it")
)
