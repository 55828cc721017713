package kernel

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Variables of a single run are set before it and put back behind it by code
// that the kernel runs quietly, as setupCode does. The old values stay in the
// kernel meanwhile, where no name of the user's can meet them.

// runEnvCode returns the code that sets variables, and the code that gives them
// back the values they had before. Both may be run again after a failure. ok is
// false if there is no such code: a JVM cannot change its environment, and
// nobody can ask gonb for the value a variable had.
func runEnvCode(language string, env map[string]string) (set, restore string, ok bool) {
	switch language {
	case "python":
		return "(lambda os, new: (os.__dict__.setdefault('_execd_envs', {k: os.environ.get(k) for k in new}), os.environ.update(new)))" +
				"(__import__('os'), " + quoteJSON(env) + ")",
			"(lambda os: [os.environ.pop(k, None) if v is None else os.environ.update({k: v})" +
				" for k, v in os.__dict__.get('_execd_envs', {}).items()] and os.__dict__.pop('_execd_envs', None))(__import__('os'))",
			true
	case "javascript", "typescript":
		return `void eval("(function(p,n){var s=Symbol.for('execd.envs');if(!p[s]){var o={};for(var k in n){o[k]=p.env[k]}p[s]=o}` +
				`Object.assign(p.env,n)})")(eval('process'), ` + quoteJSON(env) + ");",
			`void eval("(function(p){var s=Symbol.for('execd.envs'),o=p[s]||{};for(var k in o){if(o[k]===undefined){delete p.env[k]}` +
				`else{p.env[k]=o[k]}}delete p[s]})")(eval('process'));`,
			true
	case "bash":
		names := slices.Sorted(maps.Keys(env))
		var b strings.Builder
		b.WriteString("__execd_envs=${__execd_envs-$(for __execd_name in " + strings.Join(names, " ") +
			`; do printf 'unset -v %s\n' "$__execd_name"; declare -p "$__execd_name" 2>/dev/null; done)}`)
		for _, name := range names {
			b.WriteString(" && export " + name + "=" + quoteShell(env[name]))
		}
		return b.String(), `eval "${__execd_envs-}"; unset -v __execd_envs`, true
	}
	return "", "", false
}

// TakesRunEnv reports whether ExecuteWith can give a run of a language
// variables of its own.
func TakesRunEnv(language string) bool {
	_, _, ok := runEnvCode(Canonical(language), nil)
	return ok
}

// ExecuteWith is k.Execute with environment variables for this run. They have
// the values that they had before when h gets Finished. One who cannot be given
// back its value is told by an Output of KindEnvLeft.
func ExecuteWith(k Kernel, env map[string]string, r Request, h Handler) error {
	if len(env) == 0 {
		return k.Execute(r, h) //nolint:wrapcheck // this is it
	}
	set, restore, ok := runEnvCode(k.Language(), env)
	if !ok {
		return fmt.Errorf("set environment: a running %s kernel cannot change it for one run", k.Language())
	}
	e := &envRun{kernel: k, request: r, handler: h, restore: restore}
	return e.quietly(set, e.isSet)
}

// envRun is a run with variables of its own: three requests, one behind the
// other. Each step is taken by the goroutine that tells the end of the one
// before.
type envRun struct {
	kernel  Kernel
	request Request
	restore string
	result  Result

	// mu is held while the handler is called: what the run prints late may come
	// while the variables are put back.
	mu      sync.Mutex
	handler Handler
	over    bool // the handler has had Finished
}

var _ LateHandler = (*envRun)(nil)

const (
	// envTries bounds how often code is run that was interrupted or aborted,
	// because of what is meant for the run.
	envTries = 5

	// envAgain is the wait before the next try: a kernel refuses what comes
	// right behind an error.
	envAgain = 20 * time.Millisecond
)

// quietly runs code and calls then with its result.
func (e *envRun) quietly(code string, then func(Result)) error {
	return e.try(code, then, envTries)
}

func (e *envRun) try(code string, then func(Result), left int) error {
	return e.kernel.Execute(Request{Code: code, Silent: true}, quietRun(func(r Result) { //nolint:wrapcheck // this is it
		if r.Status == StatusAborted && left > 1 {
			time.AfterFunc(envAgain, func() {
				if err := e.try(code, then, left-1); err != nil {
					then(Result{Status: StatusDead, Err: err})
				}
			})
			return
		}
		then(r)
	}))
}

// isSet begins the run itself. What interrupts the setting of variables was
// meant for the run.
func (e *envRun) isSet(r Result) {
	if r.Status == StatusOK {
		if err := e.kernel.Execute(e.request, e); err != nil {
			e.end(Result{Status: StatusDead, Err: err})
		}
		return
	}
	e.Finished(r)
}

// Output implements Handler.
func (e *envRun) Output(o Output) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.handler.Output(o)
}

// Late implements LateHandler. What is late for the request is not for the
// handler, as long as the variables are put back.
func (e *envRun) Late(o Output) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.over {
		e.handler.Output(o)
		return true
	}
	late, ok := e.handler.(LateHandler)
	return ok && late.Late(o)
}

// end tells the handler.
func (e *envRun) end(r Result) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.over = true
	e.handler.Finished(r)
}

// Finished implements Handler.
func (e *envRun) Finished(r Result) {
	e.result = r
	if r.Status == StatusDead {
		e.end(r)
		return
	}
	e.putBack(envTries)
}

// putBack gives the variables their old values.
func (e *envRun) putBack(left int) {
	err := e.quietly(e.restore, func(r Result) {
		switch {
		case r.Status == StatusOK:
			e.end(e.result)
		case r.Status == StatusDead:
			e.lost(r.Err)
		case left > 1: // it was interrupted
			e.putBack(left - 1)
		default:
			e.Output(Output{Kind: KindEnvLeft, Text: r.EName + ": " + r.EValue})
			e.end(e.result)
		}
	})
	if err != nil {
		e.lost(err)
	}
}

// lost ends a run whose kernel died behind it.
func (e *envRun) lost(err error) {
	e.result.Err = err
	e.end(e.result)
}

// quietRun is the Handler of a request that shows nothing.
type quietRun func(Result)

// Output implements Handler.
func (quietRun) Output(Output) {}

// Finished implements Handler.
func (f quietRun) Finished(r Result) { f(r) }
