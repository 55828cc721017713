package msg

import "fmt"

// Code names a failure to programs; it is what clients find in "code".
type Code string

// The codes of the execd API that these packages use.
const (
	InvalidRequest      Code = "INVALID_REQUEST_BODY"
	MissingQuery        Code = "MISSING_QUERY"
	RuntimeError        Code = "RUNTIME_ERROR"
	NotFound            Code = "NOT_FOUND"
	MethodNotAllowed    Code = "METHOD_NOT_ALLOWED"
	ExecutionNotFound   Code = "EXECUTION_NOT_FOUND"
	ContextNotFound     Code = "CONTEXT_NOT_FOUND"
	NotRunning          Code = "NOT_RUNNING"
	AlreadyConnected    Code = "ALREADY_CONNECTED"
	WaitTimeout         Code = "WAIT_TIMEOUT"
	NotSupported        Code = "NOT_SUPPORTED"
	KernelMissing       Code = "KERNEL_NOT_INSTALLED"
	Unauthorized        Code = "UNAUTHORIZED"
	ForeignOrigin       Code = "ORIGIN_NOT_ALLOWED"
	TooLarge            Code = "BODY_TOO_LARGE"
	KeyReused           Code = "IDEMPOTENCY_KEY_REUSED"
	Evicted             Code = "EVENTS_EVICTED"
	RangeNotSatisfiable Code = "UNKNOWN" // the contract's word
	FileNotFound        Code = "FILE_NOT_FOUND"
	FileExists          Code = "FILE_EXISTS"
	InvalidFile         Code = "INVALID_FILE"
	InvalidFileContent  Code = "INVALID_FILE_CONTENT"
	InvalidFileMetadata Code = "INVALID_FILE_METADATA"
	PermissionDenied    Code = "PERMISSION_DENIED"
	PreconditionFailed  Code = "PRECONDITION_FAILED"
	ChecksumMismatch    Code = "CHECKSUM_MISMATCH"
	UploadConflict      Code = "UPLOAD_CONFLICT"
	BadGateway          Code = "BAD_GATEWAY"
	NoSpace             Code = "NO_SPACE"
	QueueFull           Code = "QUEUE_FULL"
	ShuttingDown        Code = "SHUTTING_DOWN"
	TooMany             Code = "TOO_MANY_EXECUTIONS"
	TooManyStreams      Code = "TOO_MANY_STREAMS"
	TooManyWatches      Code = "TOO_MANY_WATCHES"
	HeaderTooLarge      Code = "HEADER_TOO_LARGE"
	BodyTimeout         Code = "BODY_TIMEOUT"
	NoIsolation         Code = "ISOLATION_UNAVAILABLE"
	NotReady            Code = "NOT_READY"
)

// Error is a failure that a client is told about.
type Error struct {
	Code    Code
	Message string // one sentence that says what to do
	Err     error  // the cause, if there is one

	// Details say to programs what the message says to people: what is wrong
	// with what. Nil where the code says all.
	Details map[string]string
}

func (e *Error) Error() string { return e.Message }

func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an Error. A %w in format becomes its cause.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	cause := err
	if u, ok := err.(interface{ Unwrap() error }); ok {
		cause = u.Unwrap()
	}
	return &Error{Code: code, Message: err.Error(), Err: cause}
}

// Failures that need no detail.
var (
	ErrStopped  = &Error{Code: ShuttingDown, Message: "execd has stopped; nothing was started"}
	ErrDraining = &Error{Code: ShuttingDown, Message: "execd is shutting down and starts nothing new"}
	ErrCrashed  = &Error{Code: RuntimeError, Message: "execd failed internally while it served this request; see its log"}
)
