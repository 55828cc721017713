package msg

import "time"

// RunCode runs a code cell in a Jupyter kernel. It is answered at once with
// the log, which has its init event; a kernel that does not start is told
// there. It fails with ContextNotFound, KernelMissing, QueueFull, or NotSupported
// where the language cannot have variables of one run.
type RunCode struct {
	Reply[Execution]
	Retry     Retry
	Origin    Origin
	ContextID string // empty for the default context of Language
	Language  string
	Code      string
	Env       map[string]string // of this run; the values before come back behind it
	Timeout   time.Duration     // from the start of the cell; 0 for none

	// Stdin has the client answer what the code asks for: see Answers. Without
	// it the kernel refuses at once.
	Stdin bool

	// Comms has the messages of comms, by which widgets speak to a notebook, as
	// events.
	Comms bool

	// KillOnDisconnect interrupts the cell when it has been read by somebody
	// and then by nobody for the disconnect grace.
	KillOnDisconnect bool
}

// Context is a Jupyter kernel with the state of the cells it has run.
type Context struct {
	ID       string
	Language string
	Dir      string // as the client wrote it
	State    string // starting, idle, busy, dead
	Default  bool   // made by a run that named only a language
	Created  time.Time
	Usage    *KernelUsage // where the kernel's process can be seen, of FindContext and ListContexts
}

// KernelUsage is what a kernel and its descendants use.
type KernelUsage struct {
	CPU        time.Duration // so far
	Memory     int64         // bytes resident now, of all together
	PeakMemory int64         // bytes resident at most
	Processes  int
}

// CreateContext starts a kernel and is answered when it is ready to run code.
// It fails with KernelMissing or RuntimeError.
type CreateContext struct {
	Reply[Context]
	Retry    Retry
	Language string
	Dir      string // created where missing; empty for execd's own
	Env      map[string]string
}

// RestartContext gives a context a new kernel under its old id, which ends what
// runs and waits in it. It is answered when the new one is ready to run code,
// and fails with ContextNotFound, KernelMissing or RuntimeError.
type RestartContext struct {
	Reply[Context]
	ID string
}

// FindContext asks for one context. It fails with ContextNotFound.
type FindContext struct {
	Reply[Context]
	ID string
}

// ListContexts asks for the contexts of a language, or all, oldest first.
type ListContexts struct {
	Reply[[]Context]
	Language string
}

// DeleteContext ends a context's kernel and what it runs. It fails with
// ContextNotFound.
type DeleteContext struct {
	Reply[Nothing]
	ID string
}

// DeleteContexts deletes all contexts of a language, of which there may be
// none.
type DeleteContexts struct {
	Reply[Nothing]
	Language string
}

// Language is one that code can be in, or could be.
type Language struct {
	Name        string   // "python"
	Aliases     []string // other names for it, sorted; case does not matter
	Installed   bool     // there is a kernel for it
	Kernel      string   // kernelspec that runs it; empty without one
	DisplayName string   // of the kernelspec
	Install     string   // command that installs a kernel; empty if not known
	Spares      int      // kernels that are held ready for new contexts
}

// ListLanguages asks which languages have a kernel, and which of those that
// execd knows have not; sorted by name, those with one first. It fails when
// the Jupyter server does not answer.
type ListLanguages struct {
	Reply[[]Language]
}
