package actors

import (
	"maps"
	"sync"

	"execd/shell"
)

// shortScript is what takes no time to give to a shell.
const shortScript = 64 << 10

// start gives the shell its run.
func (b *bash) start(sh *shell.Session, r *sessionRun) (*shell.Underway, error) {
	x, q := r.execution, r.request
	r.stdin, r.sink = x.takeStdin(), newSink(x)
	return sh.Begin(shell.Run{
		ID: x.id, Script: q.Script, Dir: r.dir, Env: environment(b.variables(r)), Stdin: r.stdin, Lasts: r.lasts,
	}, r.sink)
}

// execute is the worker of a run that has begun, or could not.
func (b *bash) execute(sh *shell.Session, r *sessionRun, u *shell.Underway, err error) {
	ran := sync.OnceFunc(func() { close(r.ran) })
	defer ran() // a panic included
	x := r.execution
	var exit shell.Exit
	var late <-chan struct{}
	if err == nil {
		exit, late = u.End()
	}
	ran()
	if r.stdin != nil {
		_ = r.stdin.Close() // the run has had its own
	}
	r.sink.finish()
	x.closeInput()
	b.tell(ranOut{r, exit, err})
	sh.Prepare()
	if late != nil {
		<-late
	}
	x.output.Close()
}

// variables are those of a run, with the trace that it is a part of. They stay
// in the shell, so that a run without a trace has to forget the one before.
func (b *bash) variables(r *sessionRun) map[string]string {
	vars := r.execution.journey.vars(r.request.Env)
	_, traced := vars[variableTrace]
	if b.traced.Swap(traced) && !traced {
		vars = maps.Clone(vars)
		if vars == nil {
			vars = map[string]string{}
		}
		vars[variableTrace], vars[variableTraceState] = "", ""
	}
	return vars
}
