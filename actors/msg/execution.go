package msg

import (
	"context"
	"time"

	"execd/actors/event"
)

// Kind says what an execution runs.
type Kind string

// The kinds of execution.
const (
	KindCommand    Kind = "command"    // a shell command that its caller waits for
	KindBackground Kind = "background" // a shell command that its caller does not wait for
	KindCode       Kind = "code"       // a code cell in a Jupyter kernel
	KindSession    Kind = "session"    // a command in a bash session
	KindTerminal   Kind = "terminal"   // a terminal session
)

// State is where an execution is in its life.
type State string

// The states of an execution, in order.
const (
	StateQueued  State = "queued"  // behind another run of its context, or its kernel is starting
	StateRunning State = "running" //
	StateEnded   State = "ended"   // its terminal event is in the log
)

// Execution is the answer to what starts one: where its events are.
type Execution struct {
	ID      string
	Kind    Kind
	Log     *event.Log
	Late    *event.Log    // of code: what came behind its end, and may go on to come; else nil
	Output  *event.Output // the exact bytes, nil for code
	Input   Input         // nil where there is none
	Answers Answers       // of code, in place of Input; nil where there are none
	Lines   bool          // an event of output is a line without its end, or a part of one
	Alone   bool          // nothing else was running when it began
	Status  Status        // as of the answer
}

// Status describes an execution.
type Status struct {
	ID        string
	Kind      Kind
	State     State
	Content   string // the command or the code
	ContextID string // of code; the session of a run in one
	Language  string // of code
	Started   time.Time
	Finished  time.Time        // zero while it goes on
	ExitCode  *int             // 0-255, 128+n for signal n; nil while it goes on, and for code
	Signal    string           // POSIX name of the signal that ended it
	Reason    string           // why it ended, where that was not the process's own doing
	Error     string           // one line; empty on success
	Killed    int              // processes that were ended with it
	Usage     *event.Resources // nil where it has no process of its own, or was not measured
	Events    event.Range
	Late      int64 // events behind the end
	Readers   int
}

// FindExecution asks for one execution. It fails with ExecutionNotFound.
type FindExecution struct {
	Reply[Execution]
	ID      string
	Measure bool // what its processes use now
}

// ListExecutions asks for all that are running or retained, oldest first.
type ListExecutions struct {
	Reply[[]Status]
	Kind  Kind  // empty for all
	State State // empty for all
}

// RemoveExecution ends an execution that is running, and forgets one that has
// ended. It is answered when that is done.
type RemoveExecution struct {
	Reply[Nothing]
	ID string
}

// Interrupt ends the run with the given id: the process group of a command,
// the cell that a context is running. It is answered when the command's group
// is gone, or the kernel has taken the interrupt. It fails with
// ExecutionNotFound for an unknown id and for a command that has ended.
type Interrupt struct {
	Reply[Nothing]
	ID string // of an execution or of a context
}

// SignalExecution sends a signal to everything that an execution runs. It
// fails with ExecutionNotFound, NotRunning or InvalidRequest.
type SignalExecution struct {
	Reply[Nothing]
	ID     string
	Signal string // POSIX name, with or without SIG
}

// Input is the standard input of an execution. It may be used from any
// goroutine.
type Input interface {
	// Write blocks while the process does not read, until ctx is over, and
	// returns how much was taken. It fails with NotRunning once the input is
	// closed.
	Write(ctx context.Context, p []byte) (int, error)
	// Close ends the input: the process reads the end of the file. On a
	// terminal it blocks as Write does.
	Close(ctx context.Context) error
}

// Answers are the standard input of code: it asks, and each question gets one
// answer. They may be used from any goroutine.
type Answers interface {
	// Answer fails with NotRunning where the code does not ask.
	Answer(text string) error
	// Close answers what the code asks, now and later, with the end of the
	// file.
	Close() error
}

// Retry makes a request that starts something safe to send again.
type Retry struct {
	Key  string // the client's Idempotency-Key; empty for none
	Body string // a digest of what was asked for
}
