package kernel

import "context"

// Provider starts kernels. All methods may be called from any goroutine.
type Provider interface {
	// Languages returns what can be started now, sorted by name. It reads
	// directories; an installed kernel is seen without a restart.
	Languages(ctx context.Context) ([]Language, error)

	// Lookup returns what Start would start for a language, by any of its
	// names. It fails with an error that is ErrNoKernel.
	Lookup(ctx context.Context, language string) (Language, error)

	// Start returns a kernel that has answered and whose output is heard. It
	// fails with an error that is ErrNoKernel, ErrStart, ErrClosed or the
	// cause of ctx, and leaves no process and no file then. Ending ctx later
	// does nothing to the kernel.
	Start(ctx context.Context, spec StartSpec) (Kernel, error)

	// Close shuts all kernels down and returns when they are gone.
	Close() error
}

// StartSpec says which kernel to start. Only Language is required.
type StartSpec struct {
	Language string   // a language, one of its aliases, or a kernelspec's name; case does not matter
	ID       string   // what Kernel.ID returns; one is made if empty
	Dir      string   // working directory; the daemon's own if empty
	Env      []string // KEY=value, over the daemon's environment and the kernelspec's
	Stdin    bool     // connect the stdin channel, so that requests may set AllowStdin
}

// Language is a language that an installed kernel runs.
type Language struct {
	Name        string   // "python"; Canonical makes it of the others
	Aliases     []string // other names for it, sorted: "ipython", "py", "python3"
	Kernel      string   // kernelspec that Start takes: "python3"
	DisplayName string   // of the kernelspec: "Python 3 (ipykernel)"
	Dir         string   // of the kernelspec, where it can be seen
	Install     string   // command that installs a kernel for it; empty if not known
	Spares      int      // kernels of it that a Pool holds ready
}
