package kernel

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// A Jupyter server starts kernels with its own environment, in a directory
// below its root. What a StartSpec wants beyond that, the kernel is told by
// code that it runs first, quietly: it prints nothing, counts as no cell and
// leaves no name behind. An interpreter that is started already does not look
// at some variables any more; PYTHONPATH and LD_LIBRARY_PATH are such.

// setupCode returns code in a language that changes to a directory, if it is
// not empty, and sets variables. ok is false if there is no such code: nothing
// is known for the language, or the language cannot do it, as a JVM.
func setupCode(language, dir string, env map[string]string) (code string, ok bool) {
	switch language {
	case "python":
		return "__import__('os').environ.update(" + quoteJSON(env) + ")" + when(dir, "; __import__('os').chdir(", ")", quoteJSON), true
	case "javascript", "typescript":
		// eval keeps the compiler of TypeScript from asking for @types/node.
		return "void Object.assign(eval('process').env, " + quoteJSON(env) + ");" +
			when(dir, "void eval('process').chdir(", ");", quoteJSON), true
	case "bash":
		export := func(k, v string) string { return "export " + k + "=" + quoteShell(v) }
		// A shell that was started there has not been elsewhere before.
		const before, behind = "__execd_old=${OLDPWD-}; cd -- ", ` && if [ "$__execd_old" ]; then OLDPWD=$__execd_old; ` +
			"else unset -v OLDPWD; fi && unset -v __execd_old"
		return lines(env, export) + when(dir, before, behind, quoteShell), true
	case "go": // commands of gonb
		set := func(k, v string) string { return "%env " + k + " " + quoteGonb(v) }
		code = lines(env, set) + when(dir, "%cd ", "", quoteGonb)
		return code, isASCII(code)
	}
	return "", false
}

// when puts a quoted directory between before and after, if there is one.
func when(dir, before, after string, quote func(string) string) string {
	if dir == "" {
		return ""
	}
	return before + quote(dir) + after
}

func lines(env map[string]string, line func(k, v string) string) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(env)) {
		b.WriteString(line(k, env[k]) + "\n")
	}
	return b.String()
}

// quoteJSON writes strings as Python and JavaScript read them too.
func quoteJSON[T any](v T) string {
	b, _ := json.Marshal(v) // of strings and maps of them, which cannot fail
	return string(b)
}

// quoteShell uses the quotes in which nothing is expanded (POSIX, 2.2.2).
func quoteShell(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// quoteGonb quotes an argument of a command of gonb.
func quoteGonb(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(s) + `"`
}

// isASCII: gonb takes commands for Latin-1 (v0.10.7, splitCmd).
func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0
}

// setup runs the code that gives the kernel its directory and environment.
func (k *serverKernel) setup(ctx context.Context, dir string, env map[string]string) error {
	if dir == "" && len(env) == 0 {
		return nil
	}
	code, ok := setupCode(k.language, dir, env)
	switch {
	case !ok && dir != "":
		return fmt.Errorf("set working directory: a running %s kernel cannot change it, and %s is not below the server's root", k.language, dir)
	case !ok:
		return fmt.Errorf("set environment: a running %s kernel cannot change it, and the server takes none", k.language)
	}
	return setUp(ctx, k.client.Execute, code)
}

// setUp has a kernel run setup code, if there is any.
func setUp(ctx context.Context, execute func(Request, Handler) error, code string) error {
	if code == "" {
		return nil
	}
	r := make(quiet, 1)
	if err := execute(Request{Code: code, Silent: true}, r); err != nil {
		return fmt.Errorf("set working directory and environment: %w", err)
	}
	select {
	case result := <-r:
		if result.Status != StatusOK {
			return fmt.Errorf("set working directory and environment: %s: %s", result.EName, result.EValue)
		}
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// quiet is the Handler of a request that shows nothing; it needs room for one.
type quiet chan Result

// Output implements Handler.
func (quiet) Output(Output) {}

// Finished implements Handler.
func (q quiet) Finished(r Result) { q <- r }
