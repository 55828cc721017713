package actors

import (
	"slices"
	"sync"
	"unicode/utf8"

	"execd/actors/event"
	"execd/shell"
)

// sink takes a process's output to its log and its exact bytes to its output.
type sink struct {
	execution *execution
	streams   [2]stream
}

var _ shell.Taker = (*sink)(nil)

// stream makes events of one of stdout and stderr. Its mutex is between the
// pump of its pipe and finish; nobody else takes it.
type stream struct {
	mu    sync.Mutex
	typ   event.Type
	lines shell.Lines
	cut   []byte // the beginning of a character that the last chunk ended in
	over  bool
}

func newSink(x *execution) *sink {
	k := &sink{execution: x}
	k.streams[shell.Stdout].typ = event.TypeStdout
	k.streams[shell.Stderr].typ = event.TypeStderr
	return k
}

// Output implements shell.Sink.
func (k *sink) Output(s shell.Stream, p []byte) {
	x, st := k.execution, &k.streams[s]
	if x.lines {
		x.output.WriteStream(int(s), p)
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	switch {
	case !x.lines:
		st.print(x.log, s, p)
	case !st.over:
		x.log.Batch(func(b *event.Batch) { st.feed(b, p) })
	}
}

func (st *stream) feed(b *event.Batch, p []byte) {
	st.lines.Feed(p, func(line []byte, partial bool) { b.Text(st.typ, lineText(line), partial) })
}

// Take implements shell.Taker.
func (k *sink) Take(s shell.Stream, pipe, n int) int {
	x, st := k.execution, &k.streams[s]
	if x.lines {
		return 0
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	return x.log.Pour(int(s), pipe, n, st.divide)
}

// print sends what has come, apart from a character that is not all there.
func (st *stream) print(to *event.Log, s shell.Stream, p []byte) {
	head, n := st.divide(len(p), p[max(0, len(p)-utf8.UTFMax):])
	to.Print(int(s), head, p, n)
}

// divide says how much of what has come, of which it is given the length and
// the last bytes, goes into an event, behind which head. It keeps the rest,
// which is a character that is not all there.
func (st *stream) divide(size int, last []byte) (head []byte, n int) {
	if st.over {
		return nil, 0
	}
	if size < utf8.UTFMax { // all of it may be the middle of one
		last = slices.Concat(st.cut, last)
	}
	n = size - len(last) + wholeCharacters(last)
	if n < 0 { // it is still not all there
		st.cut = last
		return nil, 0
	}
	head, st.cut = st.cut, append([]byte(nil), last[len(last)-(size-n):]...)
	return head, n
}

// wholeCharacters is the length of p without a UTF-8 sequence that its end
// cuts.
func wholeCharacters(p []byte) int {
	for back := 1; back < utf8.UTFMax && back <= len(p); back++ {
		if b := p[len(p)-back]; utf8.RuneStart(b) {
			if b >= utf8.RuneSelf && !utf8.FullRune(p[len(p)-back:]) {
				return len(p) - back
			}
			break
		}
	}
	return len(p)
}

// finish delivers lines without a terminator; what comes later is background
// children's and goes to the exact bytes only.
func (k *sink) finish() {
	for i := range k.streams {
		st := &k.streams[i]
		st.mu.Lock()
		k.execution.log.Batch(st.flush)
		st.over = true
		st.mu.Unlock()
	}
}

func (st *stream) flush(b *event.Batch) {
	if len(st.cut) > 0 {
		b.Text(st.typ, st.cut, false)
	}
	st.lines.Flush(func(line []byte, partial bool) { b.Text(st.typ, lineText(line), partial) })
}

var newline = []byte("\n")

// lineText is the text of a line's event. An empty line is sent as a newline,
// because clients leave out an empty text.
func lineText(line []byte) []byte {
	if len(line) == 0 {
		return newline
	}
	return line
}
