package kernel

import (
	"regexp"
	"strings"
)

// printed is what is kept of the output of a run for quirk.confess. The zero
// value is usable.
type printed struct {
	stderr tail
	last   string // the last output, if it was on stderr
}

func (p *printed) note(o Output) {
	p.last = ""
	if o.Kind == KindStream && o.Name == "stderr" {
		p.stderr.write([]byte(o.Text))
		p.last = o.Text
	}
}

// thrown is the line in which Node.js begins to tell of an Error that nobody
// has caught: "TypeError [ERR_INVALID_ARG_TYPE]: message". What caused it is
// told indented.
var thrown = regexp.MustCompile(`(?m)^(\w*(?:Error|Exception))(?: \[\w+\])?(?:: (.*))?$`)

// diagnosed is the line in which tslab tells what it could not compile.
var diagnosed = regexp.MustCompile(`(?m)^(?:\S+ )?\d+:\d+ - .*$`)

// confessTslab gives an error its name and text.
func confessTslab(p *printed, r *Result) {
	text := p.stderr.text()
	if r.Status != StatusError || r.EName != "" || text == "" {
		return
	}
	r.EName, r.Traceback = "Error", strings.Split(text, "\n")
	if all := thrown.FindAllStringSubmatch(text, -1); all != nil {
		r.EName, r.EValue = all[len(all)-1][1], all[len(all)-1][2]
	} else if line := diagnosed.FindString(text); line != "" {
		r.EName, r.EValue = "SyntaxError", line
	} else {
		r.EValue = r.Traceback[len(r.Traceback)-1]
	}
}

// exited is how gonb ends the output of a run whose program failed: the text of
// an exec.ExitError, in a message of its own.
var exited = regexp.MustCompile(`^(?:\^C\n)?(exit status \d+|signal: [a-z ]+(?: \(core dumped\))?)\n$`)

// panicked is the line in which a Go program tells of a panic, and where the
// text of that is several lines, their first.
var panicked = regexp.MustCompile(`(?m)^panic: (.*)$`)

// confessGonb makes an error of a program that failed. One that succeeds and
// says as its last word, on stderr, just what gonb would say, is taken for one
// that failed.
func confessGonb(p *printed, r *Result) {
	m := exited.FindStringSubmatch(p.last)
	if r.Status != StatusOK || m == nil {
		return
	}
	text := p.stderr.text()
	r.Status, r.EName, r.EValue, r.Traceback = StatusError, "ExitError", m[1], strings.Split(text, "\n")
	if all := panicked.FindAllStringSubmatch(text, -1); all != nil && m[1] == "exit status 2" {
		r.EName, r.EValue = "panic", all[len(all)-1][1]
	}
}
