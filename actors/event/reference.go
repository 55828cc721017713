package event

import (
	"bytes"
	"encoding/binary"
)

// reference is a text event as a log over an output has it: where the text is
// in the output, and what else its frame says. It takes some fifteen bytes
// beside the frames of other events, each of which begins with "id: ".
type reference struct {
	stream  int
	partial bool   // the text goes on in the next event
	head    []byte // in front of what the output has there, up to maxHead bytes
	off     int64
	n       int
	millis  int64 // since 1970
}

// maxHead is the most that there can be of a character that is not all there.
const maxHead = 3

// What the first byte of a reference says: that it is one, and below that.
const (
	referenceMark    = 0x80
	referenceStream  = 0x01
	referencePartial = 0x02
	referenceHead    = 2 // how far the length of the head is shifted
)

func (r *reference) append(b []byte) []byte {
	first := byte(referenceMark | r.stream | len(r.head)<<referenceHead)
	if r.partial {
		first |= referencePartial
	}
	b = append(append(b, first), r.head...)
	b = binary.AppendUvarint(b, uint64(r.off))
	b = binary.AppendUvarint(b, uint64(r.n))
	return binary.AppendUvarint(b, uint64(r.millis))
}

// parse reads the reference that records begin with, and returns its size, or
// 0 where that is a frame. The head is a part of records.
func (r *reference) parse(records []byte) int {
	first := records[0]
	if first&referenceMark == 0 {
		return 0
	}
	at := 1 + int(first>>referenceHead&maxHead)
	number := func() int64 {
		v, n := binary.Uvarint(records[at:])
		at += max(n, 0)
		return int64(v)
	}
	*r = reference{
		stream:  int(first & referenceStream),
		partial: first&referencePartial != 0,
		head:    records[1:at:at],
		off:     number(),
		n:       int(number()),
		millis:  number(),
	}
	return at
}

// recordSize is the size of the record that records begin with.
func recordSize(records []byte) int {
	var r reference
	if n := r.parse(records); n > 0 {
		return n
	}
	return bytes.Index(records, frameEnd) + len(frameEnd)
}

var frameEnd = []byte("\n\n")
