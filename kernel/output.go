package kernel

// Kind tells the outputs apart. Where there is a Jupyter message type for it,
// it is that.
type Kind string

// The kinds, with the fields of Output that each has.
const (
	KindBusy          Kind = "busy"                // the kernel has begun with the request
	KindExecuteInput  Kind = "execute_input"       // ExecutionCount
	KindStream        Kind = "stream"              // Name, Text
	KindResult        Kind = "execute_result"      // Data, Metadata, ExecutionCount
	KindDisplay       Kind = "display_data"        // Data, Metadata, DisplayID
	KindUpdateDisplay Kind = "update_display_data" // Data, Metadata, DisplayID
	KindClear         Kind = "clear_output"        // Wait
	KindError         Kind = "error"               // EName, EValue, Traceback
	KindInput         Kind = "input_request"       // Text, Password; answered with Kernel.Input
	KindCommOpen      Kind = "comm_open"           // Comm, Metadata; with Request.Comms, as the next two
	KindComm          Kind = "comm_msg"            // Comm, Metadata
	KindCommClose     Kind = "comm_close"          // Comm, Metadata
	KindDropped       Kind = "dropped"             // Text says what was too large to take
	KindEnvLeft       Kind = "env_left"            // Text says why variables of the run stay: see ExecuteWith
)

// Output is one thing that an execution shows. It shares nothing with the
// kernel; keep it as long as you like.
type Output struct {
	Kind           Kind
	Name           string            // "stdout" or "stderr"
	Text           string            // as the kernel sent it; bytes that are not UTF-8 survive in a stream
	Data           map[string]string // by MIME type; of JSON types the JSON text
	Metadata       string            // JSON object; empty if there is none
	DisplayID      string            // the display that an update_display_data replaces
	ExecutionCount int
	Wait           bool // clear only when the next output comes
	EName          string
	EValue         string
	Traceback      []string
	Password       bool // do not echo the input
	Comm           Comm
	Buffers        [][]byte // binary data beside Data or Comm.Data
}

// Comm is one message of a comm, by which a kernel speaks to the widgets of a
// notebook (Jupyter messaging documentation, "Custom Messages").
type Comm struct {
	ID     string
	Target string // what is to open it, of comm_open
	Data   string // JSON object
}

// Status is how an execution ended.
type Status string

// The statuses. The first three are those of execute_reply.
const (
	StatusOK      Status = "ok"
	StatusError   Status = "error"
	StatusAborted Status = "aborted" // never ran: an error or interrupt before it emptied the queue
	StatusDead    Status = "dead"    // the kernel ended before the request did
)

// Result is the end of an execution.
type Result struct {
	Status         Status
	EName          string // with StatusError
	EValue         string
	Traceback      []string
	ExecutionCount int

	// Err is why the kernel died with StatusDead. Otherwise it is nil, or says
	// what is missing: ErrNoReply (the outcome is not known, and the status is
	// StatusError), or output may be incomplete because of ErrNoIdle or because
	// the kernel died between its reply and its idle (ErrDead). With kernels of
	// a server it can be ErrLost, which is as ErrNoReply, and ErrUnreachable.
	Err error
}
