package shell

import (
	"os"
	"regexp"
	"strings"
)

// A pristine shell is one in which no word can be more than a command: nothing
// has given it a function, an alias, a trap or a variable of its own yet. Its
// standard output is the pipe of the reports, and nobody but this package prints there:
// a run has another one.

// bringsFunctions reports whether a variable of the environment has a shell
// begin with functions.
func bringsFunctions(kv string) bool {
	return strings.HasPrefix(kv, "BASH_FUNC_") || strings.HasPrefix(kv, "BASH_ENV=")
}

// notPristineText takes the pipe of the reports away from a shell that is not
// pristine after this run.
func (d *driver) notPristineText(changes bool) string {
	if !changes || !d.pristine {
		return ""
	}
	d.pristine = false
	return `\exec >` + os.DevNull + "\n"
}

// streamsText gives a pristine shell its standard streams back, behind the
// report of a run that may have changed them.
func (d *driver) streamsText() string {
	if !d.pristine {
		return ""
	}
	return ` && \exec <` + os.DevNull + " >" + d.reportPath() + " 2>" + os.DevNull
}

// plainScript is what has no quoted, expanded or computed word in it.
var plainScript = regexp.MustCompile(`^[\w\s/,:;&|<>+@%^!-]*$`)

// isPlain reports whether a run leaves the descriptors of a pristine shell as
// they are: it does not call exec, by any spelling. It has the standard input of
// the shell then, and its end is reported on the standard output: two files less
// to open, in a run that takes no longer than to open ten.
func isPlain(r Run) bool {
	return plainScript.MatchString(r.Script) && !strings.Contains(r.Script, "exec")
}

// hides reports whether a script that does not show it may change what assigns
// finds: by a name that is written in another way, or only comes to be when it
// runs.
func hides(script string) bool {
	return !plainScript.MatchString(script) && (assigns.MatchString(quoting.Replace(script)) || computed.MatchString(script))
}

// quoting takes away what the letters of a word may have between them.
var quoting = strings.NewReplacer(`\\`, "", "\\\n", "", `\`, "", "'", "", `"`, "")

// computed finds commands and words that may be anything.
var computed = regexp.MustCompile("`|\\$['\"]|(?:^|[;&|\n])[^\\S\n]*[^\\s;&|]*[$*?[~]")
