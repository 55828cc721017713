package kernel

import "context"

// Kernel is a running kernel. All methods may be called from any goroutine.
type Kernel interface {
	ID() string
	Language() string // canonical name: "python", not "py"
	Pid() int         // of its process; 0 if that cannot be seen from here

	// Execute sends an execute_request and returns. If it returns nil, h gets
	// Finished once; if it returns an error, which is ErrDead or ErrNoStdin or
	// one of encoding, h is never called. The kernel queues requests, and this
	// package does not bound the queue. A kernel that is stopped does not read,
	// so with its buffers full this blocks until zmtp.WriteTimeout has passed.
	Execute(r Request, h Handler) error

	// Input answers the last input_request. It fails with ErrNoInput if nothing
	// asks.
	Input(text string) error

	// Interrupt asks the kernel to stop what it runs, by signal or by message
	// as its kernelspec says. That what ran has ended is told by Finished.
	Interrupt(ctx context.Context) error

	// Shutdown asks the kernel to end, then makes it, and returns when the
	// process and its descendants are gone. When ctx ends, it kills at once.
	Shutdown(ctx context.Context) error

	// Done returns a channel that is closed when the process is gone, the
	// Finished of everything that ran has been called, and no file is left.
	Done() <-chan struct{}

	// Err says why the kernel is gone, nil while it is not. It is ErrDead.
	Err() error
}

// Request is the content of an execute_request.
type Request struct {
	Code         string // UTF-8; what is not is replaced, because JSON cannot hold it
	Silent       bool   // neither results nor execution_input are published
	StoreHistory bool   // count it and keep it in the history, as a notebook does
	AllowStdin   bool   // needs StartSpec.Stdin
	Metadata     []byte // a JSON object; empty for none
	Comms        bool   // give the messages of comms to the handler
}

// Handler receives what one request causes. Its methods are called from the
// goroutines that read the kernel's sockets, one call at a time and in the
// order the kernel sent. They must not block: a kernel drops output when
// nobody reads it. They may call Execute.
type Handler interface {
	Output(Output)
	Finished(Result) // once, after the last Output
}

// LateHandler is a Handler that wants what comes after its end: output of a
// thread that the request has left running, which a kernel still sends as the
// request's. Late is called as Output is, never before Finished. With false it
// says that it wants no more. The last lateRequests requests of a kernel are
// remembered for it. What nobody wants is dropped, and said to Config.Logf
// once per kernel.
type LateHandler interface {
	Handler
	Late(Output) bool
}
