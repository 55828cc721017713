package event

import "bytes"

// Framing is how the JSON objects of a stream are separated. The objects are
// identical in all of them.
type Framing int

// The framings of the execd API.
const (
	SSE    Framing = iota // id and data lines and a blank line (WHATWG HTML, section 9.2)
	Bare                  // {json} and a blank line, for clients that read every line as JSON
	NDJSON                // {json} a line
)

// Append appends whole SSE frames to b in the framing f. It never fails: the
// frames of a log are well formed.
func (f Framing) Append(b, frames []byte) []byte {
	if f == SSE {
		return append(b, frames...)
	}
	for len(frames) > 0 {
		if frames[0] == 'i' { // "id: N"
			frames = frames[bytes.IndexByte(frames, '\n')+1:]
		}
		n := bytes.IndexByte(frames, '\n')
		b = append(b, frames[len("data: "):n+1]...)
		frames = frames[n+2:]
		if f == Bare {
			b = append(b, '\n')
		}
	}
	return b
}

// Loose encodes an event that is in no log, such as a ping, as a frame
// without an id.
func Loose(e Event) []byte { return appendFrame(nil, 0, &e) }

// At encodes an event that is in no log with the id of one: whoever reads it
// has everything up to there.
func At(id int64, e Event) []byte { return appendFrame(nil, id, &e) }
