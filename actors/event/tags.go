package event

import "encoding/binary"

// maxTags bounds the memory for telling streams apart. A run of one stream
// takes two to four bytes, so that this is enough for some 300,000 changes.
const maxTags = 1 << 20

// tags tells which of two streams each byte of an output belongs to: the
// lengths of its runs, in turn of either, with the first stream in front. It
// is guarded by the output's mutex.
type tags struct {
	runs   []byte // lengths of the runs that are over, as uvarints
	stream int    // of the run that goes on
	length int64  // of it, so far
	full   bool   // runs after this are not told apart
}

func (t *tags) add(stream, n int) {
	if stream == t.stream || t.full {
		t.length += int64(n)
		return
	}
	if len(t.runs)+binary.MaxVarintLen64 > maxTags {
		t.full = true
		t.length += int64(n)
		return
	}
	t.runs = binary.AppendUvarint(t.runs, uint64(t.length))
	t.stream, t.length = stream, int64(n)
}

// mark is a place in an output, between two bytes.
type mark struct {
	off    int64 // of all bytes
	at     int   // in tags.runs: where the length of the run is, or will be
	stream int   // of the run
	into   int64 // how much of the run is before this place
}

// rest is how many bytes behind m are of the same stream, by what is known
// now. It moves m on to the next run where its own is over.
func (t *tags) rest(m *mark) int64 {
	for m.at < len(t.runs) {
		length, n := binary.Uvarint(t.runs[m.at:])
		if left := int64(length) - m.into; left > 0 {
			return left
		}
		m.at, m.stream, m.into = m.at+n, 1-m.stream, 0
	}
	return t.length - m.into
}

func (m *mark) advance(n int64) {
	m.off += n
	m.into += n
}

// seek moves a mark from the beginning to the offset off.
func (t *tags) seek(off int64) mark {
	var m mark
	for m.off < off {
		n := min(t.rest(&m), off-m.off)
		if n <= 0 {
			break
		}
		m.advance(n)
	}
	return m
}
