package shell

import (
	"fmt"
	"os"
	"regexp"
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
)

// The shell reports to a pipe that it opens each time, by the path of its end
// in this process: what a script closes or reuses is not in the way, and its
// children do not inherit it.

// The end of a run is told by a file that the shell reads anew each time, for
// what it reads from its pipe costs a system call a byte.
//
// Every builtin is called in a way that aliases (the backslash) and functions
// of its name (builtin) do not change.

// exportsText reports the exported variables and functions.
func (d *driver) exportsText() string {
	return fmt.Sprintf(`{ \builtin printf '\0%s %c'; \builtin declare -px; \builtin declare -fpx; \builtin printf '\0'; } >%s 2>/dev/null`,
		d.token, reportExports, d.reportPath())
}

// begin gives the shell its ways: where it reports, what it does when it
// ends or is interrupted, and what is kept of the shell before it.
func (d *driver) begin(id string, keep state) error {
	var err error
	if d.short, _, err = scriptFile(d.reportText()); err != nil {
		return err
	}
	if d.long, _, err = scriptFile(d.reportText() + d.exportsText()); err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("\\exec 3<&-; BASH_ARGV0=bash\n")
	b.WriteString("\\builtin shopt -s expand_aliases\n")
	exit := fmt.Sprintf(`\builtin printf '\0%s %c%%s\0' "${PWD-}" >%s 2>/dev/null`, d.token, reportExit, d.reportPath())
	all := fmt.Sprintf(`{ \builtin printf '\0%s %c'; \builtin declare -p; \builtin declare -f; \builtin declare -F; \builtin alias -p; `+
		`\builtin trap -p; \builtin umask -p; \builtin shopt -p; \builtin set +o; \builtin printf '\0'; } >%s 2>/dev/null`,
		d.token, reportAll, d.reportPath())
	fmt.Fprintf(&b, "\\builtin trap %s INT\n", Quote(d.exportsText()+"; "+all+"; "+exit+`; \builtin trap - EXIT; \builtin exit 130`))
	fmt.Fprintf(&b, "\\builtin trap %s EXIT\n", Quote(d.exportsText()+"; "+exit))
	var kept *os.File
	if text := keep.all + keep.exports; text != "" {
		if keep.all != "" {
			text = keep.all // has the exports in it
		}
		var path string
		if kept, path, err = scriptFile(text); err != nil {
			return err
		}
		defer kept.Close() //nolint:errcheck // only read from
		fmt.Fprintf(&b, "\\builtin . %s </dev/null >/dev/null 2>&1\n", path)
	}
	if keep.dir != "" {
		fmt.Fprintf(&b, "\\builtin cd -- %s\n", Quote(existing(keep.dir)))
	}
	fmt.Fprintf(&b, "\\builtin export %s=%s\n", sessionMarker, id)
	return d.sync(b.String(), startPatience)
}

// sync has the shell do something that is not a run, and waits until it has:
// no longer than the limit, where that is not 0.
func (d *driver) sync(text string, limit time.Duration) error {
	done := d.expect()
	if err := d.write(text + fmt.Sprintf("\\builtin . %s 0\n", descriptorPath(d.long.Fd()))); err != nil {
		return err
	}
	d.follow(done, limit)
	if d.isOver() {
		return fmt.Errorf("start session: the shell ended: %s", d.ending())
	}
	return nil
}

// startPatience is how long a shell may take to begin, which is as long as
// what BASH_ENV names does.
const startPatience = 30 * time.Second

// reportText reports the end of a run, whose status is its argument. Before
// that it gets back the builtins that the next run needs, which a script may
// have disabled; a shell without them ends, so that there will be a fresh one.
func (d *driver) reportText() string {
	return "\\builtin enable eval export cd mapfile printf declare || \\builtin exit \"$1\"\n" +
		fmt.Sprintf("\\builtin printf '\\0%s %c%%d %%s\\0' \"$1\" \"${PWD-}\" >%s 2>/dev/null\n", d.token, reportRun, d.reportPath())
}

// inlineScript is how long a script may be to be written between the
// commands of the session. bash reads those byte by byte, because its
// children could have to read on behind it; a file it reads in blocks.
const inlineScript = 512

// scriptVariable begins the name of the variable with a longer one. The rest
// is new for each run: what an earlier script has made of a variable, readonly
// or upper case, must not change a later one. It is an array, which is never
// exported, for no environment holds a long script.
const scriptVariable = "EXECD_SCRIPT_"

// runText is what makes the shell do a run. Its lines are read one after the
// other, each when the one before has been done. The file, if there is one,
// has to stay open until the run is over.
func (d *driver) runText(r Run, ends []uintptr) (string, *os.File, error) {
	var b strings.Builder
	for _, kv := range r.Env {
		name, value, _ := strings.Cut(kv, "=")
		fmt.Fprintf(&b, "\\builtin export %s=%s\n", name, Quote(value))
	}
	if r.Dir != "" {
		fmt.Fprintf(&b, "\\builtin cd -- %s\n", Quote(r.Dir))
	}
	script, after := Quote(r.Script), ""
	var file *os.File
	if len(script) > inlineScript {
		var path string
		var err error
		if file, path, err = scriptFile(r.Script); err != nil {
			return "", nil, err
		}
		name := scriptVariable + newToken()
		fmt.Fprintf(&b, "\\builtin mapfile -d '' -t %s <%s\n", name, path)
		script = `"$` + name + `"`
		after = fmt.Sprintf("\\builtin unset -v %s\n", name)
	}
	stdin := os.DevNull
	if r.Stdin != nil {
		stdin = descriptorPath(r.Stdin.Fd())
	}
	// A plain assignment would end a POSIX shell where the variable is readonly.
	fmt.Fprintf(&b, "\\builtin export %s=%s\n", marker, r.ID)
	fmt.Fprintf(&b, "\\builtin eval %s <%s >%s 2>%s\n", script, stdin, descriptorPath(ends[Stdout]), descriptorPath(ends[Stderr]))
	report := d.short
	if d.mayExport(r) {
		report = d.long
	}
	fmt.Fprintf(&b, "\\builtin . %s \"$?\"\n%s", descriptorPath(report.Fd()), after)
	return b.String(), file, nil
}

// assigns finds what may change an exported variable, or may let a later
// script do so under a name of its own choice.
var assigns = regexp.MustCompile(`[=.({]|\b(export|declare|typeset|unset|read|source|eval|local|readonly|getopts|mapfile|readarray|let|` +
	`printf|for|select|set|alias|function|trap)\b`)

// mayExport reports whether the exported variables may differ after a run. It
// errs on the side of asking for them, which takes about as long as all else
// that the shell does for a short run.
func (d *driver) mayExport(r Run) bool {
	d.assigned = d.assigned || len(r.Env) > 0 || assigns.MatchString(r.Script)
	return d.assigned
}

// descriptorPath is how another process of this user opens a descriptor of
// this one (proc_pid_fd(5)).
func descriptorPath(fd uintptr) string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), fd) }

// reportPath is where the shell reports.
func (d *driver) reportPath() string { return descriptorPath(d.inlet.Fd()) }

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
