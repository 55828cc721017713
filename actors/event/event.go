package event

import "time"

// Type names an event, in the field "type" of its JSON object.
type Type string

// The types of the execd API. Status, DisplayUpdate and ClearOutput are newer
// than some clients, so nothing essential may depend on them.
const (
	TypeInit           Type = "init"
	TypeStdout         Type = "stdout"
	TypeStderr         Type = "stderr"
	TypeResult         Type = "result"
	TypeExecutionCount Type = "execution_count"
	TypeComplete       Type = "execution_complete"
	TypeError          Type = "error"
	TypeStatus         Type = "status"
	TypePing           Type = "ping"
	TypeDisplayUpdate  Type = "display_update"
	TypeClearOutput    Type = "clear_output"
	TypeComm           Type = "comm" // only where it was asked for
)

// The types of what happens to files. TypeEnded is the terminal event there.
const (
	TypeWatching Type = "watching"
	TypeCreated  Type = "created"
	TypeWritten  Type = "written"
	TypeRemoved  Type = "removed"
	TypeRenamed  Type = "renamed"
	TypeChmod    Type = "chmod"
	TypeResync   Type = "resync"
	TypeEnded    Type = "ended"
)

// MaxText is the most bytes of text that one event carries; longer text is
// split over several. JSON escaping makes a byte six at worst, and bytes that
// are not UTF-8 travel a second time in base64 (4/3), so that a frame stays
// below 1 MiB, well under the 4 MiB line that the Go client accepts.
const MaxText = 128 << 10

const _ = uint(1<<20 - MaxText*6 - MaxText*4/3) // does not compile unless a frame fits

// Event is what one frame says. The zero value of a field leaves it out.
type Event struct {
	Type           Type
	Text           string
	Time           time.Time         // the zero time is now; sent in milliseconds since 1970
	ExecutionID    string            // beside text in init
	ExecutionCount int               // Jupyter's prompt number
	Duration       time.Duration     // of a terminal event; sent in milliseconds
	Results        map[string]string // MIME type to value, each value a string
	Metadata       string            // a JSON object, by MIME type
	DisplayID      string            // Jupyter's transient.display_id
	Error          *Error
	Status         string     // of a status event: queued, running, killed, ...
	Position       int        // in the queue, of status queued
	Prompt         string     // of status stdin_requested
	Password       bool       // likewise: what is typed is not to be shown
	ExitCode       *int       // of a terminal event: 0-255, 128+n for signal n
	Signal         string     // POSIX name
	Reason         string     // of a terminal event: timeout, interrupt, ...
	Killed         int        // of a terminal event: processes that were ended with it
	Usage          *Resources // of a terminal event
	Partial        bool       // the line goes on in the next event of this type
	Wait           bool       // of clear_output: when the next output comes
	Late           bool       // it came behind the end of the execution
	Shown          bool       // of a terminal error: the kernel has shown it here, as a notebook does
	Comm           *Comm      // of comm
	Buffers        [][]byte   // of a result or comm: binary data beside it; sent in base64
	Path           string     // of a file that something has happened to
	From           string     // what it was called before
	Directory      bool       // it is one
}

// Comm is a message of a Jupyter comm.
type Comm struct {
	Kind   string // comm_open, comm_msg or comm_close
	ID     string
	Target string // of comm_open
	Data   string // a JSON object
}

// Error is the object "error" of an event, in the words of a Jupyter error
// message.
type Error struct {
	Name      string   // ename
	Value     string   // evalue
	Traceback []string // never null on the wire
}

// Terminal reports whether an event of this type ends a log.
func (t Type) Terminal() bool { return t == TypeComplete || t == TypeError || t == TypeEnded }
