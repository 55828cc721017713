package kernel

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Jupyter server starts kernels with its own environment, in a directory
// below its root. What a StartSpec wants beyond that, the kernel is told by
// code that it runs first, quietly: it prints nothing, counts as no cell and
// leaves no name behind. An interpreter that is started already does not look
// at some variables any more; PYTHONPATH and LD_LIBRARY_PATH are such.

// setupCode returns code in a language that changes to a directory, if it is
// not empty, and sets variables. ok is false if nothing is known for the
// language, or a JVM would have to do it, which cannot.
func setupCode(language, dir string, env map[string]string) (code string, ok bool) {
	write, ok := setupWriters[language]
	if !ok {
		return "", false
	}
	return write(dir, env), true
}

var setupWriters = map[string]func(dir string, env map[string]string) string{
	"python": func(dir string, env map[string]string) string {
		return "__import__('os').environ.update(" + quoteJSON(env) + ")" + when(dir, "; __import__('os').chdir(", ")")
	},
	// eval keeps the compiler of TypeScript from asking for @types/node.
	"javascript": nodeSetup,
	"typescript": nodeSetup,
	"bash": func(dir string, env map[string]string) string {
		return lines(env, func(k, v string) string { return "export " + k + "=" + quoteShell(v) }) +
			when(dir, "cd -- ", "", quoteShell)
	},
	"go": func(dir string, env map[string]string) string { // commands of gonb
		return lines(env, func(k, v string) string { return "%env " + k + " " + quoteJSON(v) }) + when(dir, "%cd ", "")
	},
	"r": func(dir string, env map[string]string) string {
		return lines(env, func(k, v string) string { return "invisible(Sys.setenv(" + k + "=" + quoteJSON(v) + "))" }) +
			when(dir, "invisible(setwd(", "))")
	},
	"ruby": func(dir string, env map[string]string) string {
		return lines(env, func(k, v string) string { return "ENV['" + k + "']=" + quoteRuby(v) }) +
			when(dir, "Dir.chdir(", ");nil", quoteRuby)
	},
}

func nodeSetup(dir string, env map[string]string) string {
	return "void eval('Object').assign(eval('process').env, " + quoteJSON(env) + ");" +
		when(dir, "void eval('process').chdir(", ");")
}

// when puts a quoted directory between before and after, if there is one.
func when(dir, before, after string, quote ...func(string) string) string {
	switch {
	case dir == "":
		return ""
	case len(quote) > 0:
		return before + quote[0](dir) + after
	}
	return before + quoteJSON(dir) + after
}

func lines(env map[string]string, line func(k, v string) string) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(env)) {
		b.WriteString(line(k, env[k]) + "\n")
	}
	return b.String()
}

// quoteJSON writes strings as Python, JavaScript, R and gonb read them too.
func quoteJSON(v any) string {
	b, _ := json.Marshal(v) // of strings and maps of them, which cannot fail
	return string(b)
}

// quoteShell and quoteRuby use the quotes in which nothing is expanded.
func quoteShell(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func quoteRuby(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
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
	r := make(quiet, 1)
	if err := k.client.Execute(Request{Code: code, Silent: true}, r); err != nil {
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
