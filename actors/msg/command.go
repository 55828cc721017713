package msg

import (
	"strings"
	"time"
)

// RunCommand starts a shell command. It is answered once the command has
// passed all checks and its log has an init event; a failure to start after
// that is told in the log. It fails with InvalidRequest.
type RunCommand struct {
	Reply[Execution]
	Retry   Retry
	Origin  Origin
	Command Command
}

// Command is a shell command, or a program, and what it runs in.
type Command struct {
	Script     string   // given to bash -c, or to sh -c without bash
	Argv       []string // in place of Script: a program and its arguments
	Background bool
	Dir        string // working directory as the client wrote it; empty for execd's own
	Env        map[string]string
	UID, GID   *uint32       // nil for execd's own
	Timeout    time.Duration // from the start of the process; 0 for none
	Stdin      bool          // it reads what its Input is given; else /dev/null

	// Bytes has chunks of output as events, as they come and with their
	// newlines, instead of a line each.
	Bytes bool

	// KillOnDisconnect ends the command when it has been read by somebody and
	// then by nobody for the disconnect grace.
	KillOnDisconnect bool
}

// Content is the command as a person reads it.
func (c Command) Content() string {
	if len(c.Argv) > 0 {
		return strings.Join(c.Argv, " ")
	}
	return c.Script
}
