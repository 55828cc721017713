package actors

import (
	"errors"
	"maps"
	"sync"
	"time"

	"execd/shell"
)

// shortScript is what takes no time to give to a shell.
const shortScript = 64 << 10

// start gives the shell its run, whose end comes as ranOut.
func (b *bash) start(sh *shell.Session, r *sessionRun) {
	x, q := r.execution, r.request
	if r.sink = newSink(x); r.stdin == nil {
		r.stdin = x.takeStdin()
	}
	u, err := sh.Begin(shell.Run{
		ID: x.id, Script: q.Script, Dir: r.dir, Env: environment(b.variables(r)), Stdin: r.stdin,
	}, r.sink, func(u *shell.Underway) { b.system.do(b.job(func() { b.ended(sh, r, u) })) })
	if err != nil {
		close(r.ran)
		r.release()
		x.output.Close()
		b.tell(ranOut{r, shell.Exit{}, err})
		return
	}
	x.underway.Store(u)
	if x.over() { // before that was stored
		x.underway.Store(nil)
	}
	if r.isLasting.Load() {
		u.Lasts()
	}
}

// look waits for the end of a run in a session by looking for it; see
// event.Log.Look.
func (x *execution) look(limit time.Duration) {
	if u := x.underway.Load(); u != nil {
		u.Look(limit)
	}
}

// ended is called when the shell is done with a run.
func (b *bash) ended(sh *shell.Session, r *sessionRun, u *shell.Underway) {
	if u.Begun() || r.repeated {
		b.end(sh, r, u)
		return
	}
	r.repeated = true
	u.End() // nothing was printed
	r.execution.log.Append(freshEvent(sh.Fresh()))
	b.start(sh, r)
}

var errNotBegun = errors.New("the shell of the session ended before it began with this run, and so did the next one")

// end tells how the run has ended.
func (b *bash) end(sh *shell.Session, r *sessionRun, u *shell.Underway) {
	ran := sync.OnceFunc(func() { close(r.ran) })
	defer ran() // a panic included
	exit, late := u.End()
	ran()
	r.release()
	var err error
	if !u.Begun() {
		err = errNotBegun
	}
	b.tell(ranOut{r, exit, err})
	sh.Prepare()
	output := r.execution.output
	select {
	case <-late:
		output.Close()
	default:
		b.work(func() { <-late; output.Close() })
	}
}

// release lets go of what the run had of its own.
func (r *sessionRun) release() {
	if r.stdin != nil {
		_ = r.stdin.Close()
	}
	r.sink.finish()
	r.execution.closeInput()
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
