package shell

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// What a shell reports.
const (
	reportRun     = 'R' // a run has ended: its status and the working directory
	reportExports = 'E' // the exported variables and functions
	reportAll     = 'A' // the whole state, before it ends for an interrupt
	reportExit    = 'X' // it ends: the working directory
	reportPlace   = 'P' // likewise: how far it has read its script
)

// The shell reports to a pipe that it opens each time, by the path of its end
// in this process: what a script closes or reuses is not in the way, and its
// children do not inherit it. A pristine shell has it as its standard output, too.

// Every builtin is called in a way that aliases (the backslash) and functions
// of its name (builtin) do not change.

// exportsText reports the exported variables and functions.
func (d *driver) exportsText() string {
	return fmt.Sprintf(`{ \builtin printf '\0%s %c'; \builtin declare -px; \builtin declare -fpx; \builtin printf '\0'; } >%s 2>/dev/null`,
		d.token, reportExports, d.reportPath())
}

// begin writes the beginning of the script, which gives the shell its ways:
// where it reports, what it does when it ends or is interrupted, and what is
// kept of the shell before it.
func (d *driver) begin(id string, keep state) (begun <-chan struct{}, err error) {
	if d.feed, err = newFeed(); err != nil {
		return nil, err
	}
	if d.thorough, _, err = scriptFile(d.thoroughText()); err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString("\\exec 3<&-; BASH_ARGV0=bash\n")
	b.WriteString("\\builtin shopt -s expand_aliases\n")
	exit := fmt.Sprintf(`\builtin printf '\0%s %c%%s\0' "${PWD-}" >%s 2>/dev/null; %s`, d.token, reportExit, d.reportPath(), d.placeText())
	all := fmt.Sprintf(`{ \builtin printf '\0%s %c'; \builtin declare -p; \builtin declare -f; \builtin declare -F; \builtin alias -p; `+
		`\builtin trap -p; \builtin umask -p; \builtin shopt -p; \builtin set +o; \builtin printf '\0'; } >%s 2>/dev/null`,
		d.token, reportAll, d.reportPath())
	fmt.Fprintf(&b, "\\builtin trap %s INT\n", Quote(d.exportsText()+"; "+all+"; "+exit+`; \builtin trap - EXIT; \builtin exit 130`))
	fmt.Fprintf(&b, "\\builtin trap %s EXIT\n", Quote(d.exportsText()+"; "+exit))
	if text := cmp.Or(keep.all, keep.exports); text != "" { // the first has the second in it
		var path string
		if d.kept, path, err = scriptFile(text); err != nil {
			return nil, err
		}
		// Not by ".", at whose end a RETURN trap that is kept would act.
		fmt.Fprintf(&b, "\\builtin mapfile -d '' -t %s <%s\n", d.token, path)
		fmt.Fprintf(&b, "\\builtin eval \"$%s\" </dev/null >/dev/null 2>&1||\\builtin :\n", d.token)
		fmt.Fprintf(&b, "\\builtin unset -v %s\n", d.token)
	}
	if keep.dir != "" {
		fmt.Fprintf(&b, "\\builtin cd -- %s||\\builtin :\n", Quote(existing(keep.dir)))
	}
	fmt.Fprintf(&b, "\\builtin export '%s=%s'||\\builtin :\n", sessionMarker, id)
	return d.sync(b.String())
}

// placeText reports how far a shell that ends has read its script, which bash
// has open as its highest descriptor, unless something has moved it from there.
func (d *driver) placeText() string {
	return fmt.Sprintf(`{ \builtin mapfile -n 1 %[1]s </proc/self/fdinfo/255 && `+
		`\builtin printf '\0%[1]s %[2]c%%s\0' "$%[1]s" >%[3]s; } 2>/dev/null`, d.token, reportPlace, d.reportPath())
}

// parsePlace takes the first line of a file of proc_pid_fdinfo(5). What is none
// is 0, which is the place of no run.
func parsePlace(text string) int64 {
	text, _, _ = strings.Cut(strings.TrimPrefix(text, "pos:"), "\n")
	n, _ := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	return n
}

// sync has the shell do something that is not a run, and returns what is closed
// when it is done.
func (d *driver) sync(text string) (<-chan struct{}, error) {
	done := make(chan struct{})
	text = d.onReturnText() + text
	d.mu.Lock()
	d.synced = done
	d.mu.Unlock()
	d.reports.watch() // who looked before leaves it so from now on
	err := d.feed.push(func(g gate) string { return text + d.endText(true, "0", g.path()) })
	if errors.Is(err, errFeedClosed) {
		err = nil // the end of the shell tells more
	}
	return done, err
}

// reported waits until the shell has done what sync gave it: no longer than
// the limit, where that is not 0.
func (d *driver) reported(done <-chan struct{}, limit time.Duration) error {
	d.follow(done, limit)
	if d.kept != nil {
		_ = d.kept.Close() // only read from
		d.kept = nil
	}
	if d.isOver() {
		return fmt.Errorf("start session: %w: %s", errEndedEarly, d.ending())
	}
	return nil
}

// errEndedEarly is of a shell that was started and is not there any more.
var errEndedEarly = errors.New("the shell ended")

// startPatience is how long a shell may take to begin, which is as long as
// what BASH_ENV names does.
const startPatience = 30 * time.Second

// reportText reports the end of a run, whose status is given. A shell that
// cannot report must not wait at a gate: so it ends, for it finds the end of its
// script, and there will be a fresh one.
func (d *driver) reportText(status string) string {
	return fmt.Sprintf(`\builtin printf '\0%s %c%%d %%s\0' %s "${PWD-}"`, d.token, reportRun, status)
}

// thoroughText is the file that reports the end of a run which may have changed
// more than its status and the working directory tell: its arguments are the
// status and the gate. It gets back the builtins that the next run needs, ends a
// shell that may not open what that needs, and behind the end of the run,
// which need not wait for that, reports the exported variables.
func (d *driver) thoroughText() string {
	return strings.Join([]string{
		`\builtin enable eval cd mapfile printf declare trap || \builtin exit "$1"`,
		`\builtin : <` + os.DevNull + " >" + os.DevNull + " 2>" + os.DevNull + ` || \builtin exit "$1"`,
		`{ \builtin trap -p RETURN; ` + d.reportText(`"$1"`) + `; } >` + d.reportPath() + ` || \builtin exit "$1"`,
		`\builtin trap - RETURN`,
		d.exportsText(),
		`\builtin . "$2"`,
		"",
	}, "\n")
}

// endText ends a part of the script with a report.
func (d *driver) endText(thorough bool, status, gate string) string {
	if !thorough {
		return d.reportText(status) + " >" + d.reportPath() + d.streamsText() + ` && \builtin . ` + gate + "\n"
	}
	return fmt.Sprintf("\\builtin . %s %s %s\n", descriptorPath(d.thorough.Fd()), status, gate)
}

// inlineScript is how long a script may be to be written as a word between the
// commands of the session. The time that bash takes to find the end of one that
// is quoted grows with the square of its length.
const inlineScript = 4 << 10

// scriptVariable begins the name of the variable with a longer one. The rest
// is new for each run: what an earlier script has made of a variable, readonly
// or upper case, must not change a later one. It is an array, which is never
// exported, for no environment holds a long script.
const scriptVariable = "EXECD_SCRIPT_"

// runText is what makes the shell do a run. Its lines are read one after the
// other, each when the one before has been done. The file, if there is one,
// has to stay open until the run is over.
func (d *driver) runText(r Run, ls *lanes) (part func(gate) string, file *os.File, err error) {
	script, name := Quote(r.Script), ""
	long := len(script) > inlineScript
	thorough := d.mayChange(r) || long
	var b strings.Builder
	b.WriteString(d.onReturnText())
	b.WriteString(d.notPristineText(thorough))
	plain := d.pristine && isPlain(r)
	b.WriteString(variablesText(r, plain))
	if r.Dir != "" {
		fmt.Fprintf(&b, "\\builtin cd -- %s||\\builtin :\n", Quote(r.Dir))
	}
	if long {
		var path string
		if file, path, err = scriptFile(r.Script); err != nil {
			return nil, nil, err
		}
		name = scriptVariable + newToken()
		fmt.Fprintf(&b, "\\builtin mapfile -d '' -t %s <%s\n", name, path)
		script = `"$` + name + `"`
	}
	b.WriteString("\\builtin eval " + script)
	switch {
	case r.Stdin != nil:
		b.WriteString(" <" + descriptorPath(r.Stdin.Fd()))
	case !plain:
		b.WriteString(" <" + os.DevNull)
	}
	b.WriteString(" >" + ls[Stdout].path + " 2>" + ls[Stderr].path + "\n")
	return func(g gate) string {
		switch {
		case plain:
			return b.String() + d.reportText(`"$?"`) + ` && \builtin . ` + g.path() + "\n"
		case name == "":
			return b.String() + d.endText(thorough, `"$?"`, g.path())
		}
		return b.String() + d.endText(true, `"$?"`, os.DevNull+" || \\builtin exit") + // nothing to wait for
			fmt.Sprintf("\\builtin unset -v %s\n\\builtin . %s\n", name, g.path())
	}, file, nil
}

// variablesText sets the variables of a run. What fails here, as at a readonly
// one, is for no set -e to see: export would end a shell that has it, whatever is
// done about its status. An assignment is quoted as a whole, because it stays an
// argument then (set -k).
func variablesText(r Run, plain bool) string {
	if plain {
		return marker + "=" + Quote(r.ID) + "\n" // it is exported
	}
	var b strings.Builder
	for _, kv := range append(r.Env[:len(r.Env):len(r.Env)], marker+"="+r.ID) {
		b.WriteString(`\builtin declare -x ` + Quote(kv) + `||\builtin :` + "\n")
	}
	return b.String()
}

// onReturnText gives the shell its RETURN trap back, which must not act where
// the end of a part uses ".": what it does is for the functions and files of
// scripts, and as often as not ends a shell that has set -u.
func (d *driver) onReturnText() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	text := d.onReturn
	if text == "" {
		return ""
	}
	d.onReturn, d.assigned = "", true
	return `\builtin ` + text
}

// assigns finds what may change an exported variable, a limit or a builtin, or
// may let a later script do so under a name of its own choice.
var assigns = regexp.MustCompile(`[=.({]|\b(export|declare|typeset|unset|read|source|eval|local|readonly|getopts|mapfile|readarray|let|` +
	`printf|for|select|set|alias|function|trap|ulimit|prlimit|enable)\b`)

// mayChange reports whether a run may change what the next one, or the next
// shell, has to know or to have. It errs on the side of asking, which takes about
// as long as all else that the shell does for a short run.
func (d *driver) mayChange(r Run) bool {
	d.assigned = d.assigned || len(r.Env) > 0 || assigns.MatchString(r.Script) || hides(r.Script)
	return d.assigned
}

// descriptorPath is how another process of this user opens a descriptor of
// this one (proc_pid_fd(5)).
func descriptorPath(fd uintptr) string { return descriptors + strconv.FormatUint(uint64(fd), 10) }

var descriptors = "/proc/" + strconv.Itoa(os.Getpid()) + "/fd/"

// reportPath is where the shell reports.
func (d *driver) reportPath() string { return descriptorPath(d.reports.inlet.Fd()) }

// scriptFile is a file without a name, and the path by which a shell opens it.
func scriptFile(text string) (*os.File, string, error) {
	fd, err := unix.MemfdCreate("script", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, "", fmt.Errorf("make script file: %w", err)
	}
	f := os.NewFile(uintptr(fd), "script")
	if _, err := f.WriteString(text); err != nil {
		_ = f.Close()
		return nil, "", fmt.Errorf("write script file: %w", err)
	}
	return f, descriptorPath(uintptr(fd)), nil
}

// Quote makes one word of a text, for a shell (POSIX.1-2017, XCU 2.2.2).
func Quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// withoutOurs is a state without the traps of this shell, which tell the
// token, for the next shell has its own; and without its script.
func (d *driver) withoutOurs(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		ours := strings.HasPrefix(line, "trap -- ") && strings.Contains(line, d.token)
		if !ours && !strings.HasPrefix(line, "declare -a "+scriptVariable) {
			b.WriteString(line)
		}
	}
	return b.String()
}
