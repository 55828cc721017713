package httpapi

import (
	"bytes"
	"encoding/json"
	"regexp"
	"regexp/syntax"
	"slices"

	"execd/actors/event"
)

// finder looks for a pattern in what a program prints: the text of stdout and
// stderr in their order, with a newline behind each line. It looks at
// everything once, as long as no match can go beyond a line; otherwise at all
// of the window for each piece that comes.
type finder struct {
	pattern *regexp.Regexp
	lines   bool // events leave out the end of their line
	inLine  bool // no match has a newline in it
	atEnd   bool // the end of the text is part of the pattern: each event is one
	id      int64

	// text is what a match may be in. Where something came before, that ends
	// with its first byte, so that it does not look like the beginning.
	text []byte
	ends []textEnd
}

// textEnd is where in the text an event ends.
type textEnd struct {
	at int
	id int64
}

// matchWindow is how much text a match may span: what was printed before it
// is forgotten.
const matchWindow = 64 << 10

func newFinder(pattern *regexp.Regexp, lines bool) *finder {
	f := &finder{pattern: pattern, lines: lines}
	if re, err := syntax.Parse(pattern.String(), syntax.Perl); err == nil { // as it was compiled
		f.inLine = !has(re, spansLines)
		f.atEnd = f.inLine && has(re, func(re *syntax.Regexp) bool { return re.Op == syntax.OpEndText })
	}
	return f
}

// has reports whether a pattern has such a part.
func has(re *syntax.Regexp, is func(*syntax.Regexp) bool) bool {
	return is(re) || slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return has(sub, is) })
}

// spansLines reports whether a part can match a newline by itself.
func spansLines(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpAnyChar:
		return true
	case syntax.OpLiteral:
		return slices.Contains(re.Rune, '\n')
	case syntax.OpCharClass:
		for i := 0; i+1 < len(re.Rune); i += 2 {
			if re.Rune[i] <= '\n' && '\n' <= re.Rune[i+1] {
				return true
			}
		}
	}
	return false
}

// outputFrame is what matters of an event to one who waits for output.
type outputFrame struct {
	Type    event.Type `json:"type"`
	Text    string     `json:"text"`
	Partial bool       `json:"partial"`
}

// in looks at the next events, and returns the first match and the event that
// it ends in.
func (f *finder) in(frames []byte) (match string, id int64, found bool) {
	for frame := range bytes.SplitSeq(frames, []byte("\n\n")) {
		_, data, isEvent := bytes.Cut(frame, []byte("data: "))
		if !isEvent {
			continue
		}
		f.id++
		var e outputFrame
		if err := json.Unmarshal(data, &e); err != nil || e.Type != event.TypeStdout && e.Type != event.TypeStderr {
			continue
		}
		f.add(e)
		if f.atEnd {
			if match, id, found = f.look(); found {
				return match, id, true
			}
		}
	}
	return f.look()
}

func (f *finder) add(e outputFrame) {
	f.text = appendText(f.text, e, f.lines)
	f.ends = append(f.ends, textEnd{len(f.text), f.id})
}

// appendText appends the text of an event as the program printed it, as far
// as that is known: events of lines leave out the end of the line.
func appendText(text []byte, e outputFrame, lines bool) []byte {
	text = append(text, e.Text...)
	if lines && !e.Partial && e.Text != "\n" { // an empty line comes as its end
		text = append(text, '\n')
	}
	return text
}

// look looks at what has come since it did so before.
func (f *finder) look() (match string, id int64, found bool) {
	if len(f.ends) == 0 {
		return "", 0, false
	}
	if at := f.pattern.FindIndex(f.text); at != nil {
		id = f.id
		for _, end := range f.ends {
			if end.at >= at[1] {
				id = end.id
				break
			}
		}
		return string(f.text[at[0]:at[1]]), id, true
	}
	f.ends = f.ends[:0]
	f.forget()
	return "", 0, false
}

// forget lets go of text that no later match can begin in.
func (f *finder) forget() {
	from := 0
	if len(f.text) > 2*matchWindow {
		from = len(f.text) - matchWindow
	}
	if end := bytes.LastIndexByte(f.text, '\n'); f.inLine && end > from {
		from = end
	} else if next := bytes.IndexByte(f.text[from:], '\n'); from > 0 && next >= 0 {
		from += next // a line that is not there from its beginning could seem to begin there
	}
	f.text = append(f.text[:0], f.text[from:]...)
}
