package msg

import "time"

// CreateTerminal makes a terminal, whose process starts when somebody opens
// it. It fails with InvalidRequest or NotSupported.
type CreateTerminal struct {
	Reply[Terminal]
	Retry   Retry
	Dir     string // created where missing; empty for execd's own
	Command string // given to bash -c; empty for a shell that reads what is typed
	Env     map[string]string
}

// Terminal describes a terminal.
type Terminal struct {
	ID        string
	Running   bool
	Held      bool   // somebody types on it
	Execution string // its process now or last; empty before the first
	Offset    int64  // behind the last byte it has printed, from its creation on
	Created   time.Time
}

// FindTerminal asks for one terminal. It fails with ContextNotFound.
type FindTerminal struct {
	Reply[Terminal]
	ID string
}

// ListTerminals asks for all terminals, oldest first.
type ListTerminals struct {
	Reply[[]Terminal]
}

// OpenTerminal takes a place at a terminal and starts its process if none
// runs. It fails with ContextNotFound, AlreadyConnected, ShuttingDown,
// TooMany or RuntimeError.
type OpenTerminal struct {
	Reply[Seat]
	Origin   Origin
	ID       string
	Pipes    bool // where a process is started: three pipes and no terminal
	Observer bool // only watches; there may be any number
	Takeover bool // whoever types on it loses the seat
}

// Seat is a place at a terminal.
type Seat struct {
	Execution Execution // its output, and its input for who types
	Base      int64     // offset of the first byte of Execution in the terminal's
	Pipes     bool
	Lost      <-chan struct{} // closed when somebody else has taken it
	Leave     func()          // to be called once
}

// ResizeTerminal gives a terminal another size. It fails with
// ContextNotFound or NotRunning.
type ResizeTerminal struct {
	Reply[Nothing]
	ID            string
	Columns, Rows uint16
}

// DeleteTerminal ends a terminal with everything that was started in it, and
// is answered when that is gone. It fails with ContextNotFound.
type DeleteTerminal struct {
	Reply[Nothing]
	ID string
}
