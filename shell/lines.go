package shell

import (
	"bytes"
	"unicode/utf8"
)

// MaxLine is the length in bytes beyond which a line is delivered in pieces.
// It keeps the frame that carries one below 1 MiB, however it is escaped:
// clients have limits of their own.
const MaxLine = 128 << 10

// Lines splits a stream into lines. LF, CR and CRLF each end one; the
// terminator is not part of it. A CR ends its line at once, so that a
// progress bar shows; an LF right behind it ends no second one. The zero
// value is usable, by one goroutine at a time.
type Lines struct {
	rest    []byte // of a line whose end has not come; at most MaxLine
	afterCR bool   // an LF now belongs to the CR before
}

// Feed delivers the lines that p completes. A line longer than MaxLine comes
// in pieces that end between characters, all but the last marked partial.
// What line points to is only valid during the call.
func (l *Lines) Feed(p []byte, deliver func(line []byte, partial bool)) {
	if l.afterCR && len(p) > 0 {
		l.afterCR = false
		if p[0] == '\n' {
			p = p[1:]
		}
	}
	cr := bytes.IndexByte(p, '\r') // looked for once: most output has none
	for len(p) > 0 {
		end := bytes.IndexByte(p, '\n')
		if cr >= 0 && (end < 0 || cr < end) {
			end = cr
		}
		if end < 0 {
			break
		}
		l.complete(p[:end], deliver)
		next := end + 1
		if p[end] == '\r' {
			l.afterCR = next == len(p)
			if next < len(p) && p[next] == '\n' {
				next++
			}
		}
		p = p[next:]
		switch {
		case cr >= next:
			cr -= next
		case cr >= 0:
			cr = bytes.IndexByte(p, '\r')
		}
	}
	l.keep(p, deliver)
}

// Flush delivers a line that has no terminator.
func (l *Lines) Flush(deliver func(line []byte, partial bool)) {
	rest := l.rest
	l.rest, l.afterCR = nil, false
	if len(rest) > 0 {
		deliver(rest, false)
	}
}

// complete delivers the line that ends with end.
func (l *Lines) complete(end []byte, deliver func(line []byte, partial bool)) {
	if len(l.rest) == 0 {
		deliver(pieces(end, deliver), false)
		return
	}
	l.keep(end, deliver)
	deliver(l.rest, false)
	if l.rest = l.rest[:0]; cap(l.rest) > keepCapacity {
		l.rest = nil
	}
}

// keepCapacity is how much buffer a stream holds on to between lines.
const keepCapacity = 4 << 10

// keep remembers the beginning of a line, and delivers it in pieces as soon
// as it is known to be longer than one.
func (l *Lines) keep(p []byte, deliver func(line []byte, partial bool)) {
	if len(p) == 0 {
		return
	}
	for len(l.rest)+len(p) > MaxLine {
		if len(l.rest) == 0 {
			p = pieces(p, deliver)
			break
		}
		room := MaxLine - len(l.rest)
		l.rest = append(l.rest, p[:room]...)
		p = p[room:]
		cut := cutPoint(l.rest)
		deliver(l.rest[:cut], true)
		l.rest = append(l.rest[:0], l.rest[cut:]...)
	}
	l.rest = append(l.rest, p...)
}

// pieces delivers p up to a last piece of at most MaxLine, which it returns.
// The last is not empty unless p is.
func pieces(p []byte, deliver func(line []byte, partial bool)) []byte {
	for len(p) > MaxLine {
		cut := cutPoint(p[:MaxLine])
		deliver(p[:cut], true)
		p = p[cut:]
	}
	return p
}

// cutPoint is the length of p without a UTF-8 sequence that its end cuts.
func cutPoint(p []byte) int {
	for back := 1; back < utf8.UTFMax && back <= len(p); back++ {
		b := p[len(p)-back]
		if !utf8.RuneStart(b) {
			continue
		}
		if b >= utf8.RuneSelf && !utf8.FullRune(p[len(p)-back:]) {
			return len(p) - back
		}
		break
	}
	return len(p)
}
