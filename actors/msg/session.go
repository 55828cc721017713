package msg

import "time"

// CreateSession starts a bash session and is answered when its shell runs. It
// fails with InvalidRequest, NotSupported or RuntimeError.
type CreateSession struct {
	Reply[Session]
	Retry Retry
	Dir   string // created where missing; empty for execd's own
	Env   map[string]string
}

// Session is a long-lived bash that runs commands one after the other.
type Session struct {
	ID      string
	Dir     string // working directory of its shell, as last told
	Running string // the execution in progress, empty for none
	Queued  int    // runs behind it
	Created time.Time
}

// RunInSession runs a command in a session. It is answered once it has passed
// all checks and its log has an init event; it may wait for runs before it.
// It fails with ContextNotFound, InvalidRequest or QueueFull.
type RunInSession struct {
	Reply[Execution]
	Retry   Retry
	Origin  Origin
	ID      string // of the session
	Script  string
	Dir     string // where the shell goes first, and stays
	Env     map[string]string
	Timeout time.Duration // from the start of the run; 0 for none
	Stdin   bool          // it reads what its Input is given
	Bytes   bool          // see Command.Bytes

	// KillOnDisconnect ends the run when it has been read by somebody and then
	// by nobody for the disconnect grace.
	KillOnDisconnect bool
}

// FindSession asks for one session. It fails with ContextNotFound.
type FindSession struct {
	Reply[Session]
	ID string
}

// ListSessions asks for all sessions, oldest first.
type ListSessions struct {
	Reply[[]Session]
}

// DeleteSession ends a session with everything that was started in it, and is
// answered when that is gone. It fails with ContextNotFound.
type DeleteSession struct {
	Reply[Nothing]
	ID string
}
