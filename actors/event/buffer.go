package event

import "sync"

// bufferSize is a segment, and the record that makes it full.
const bufferSize = segmentSize + segmentSize/8

// buffers are shared by all logs: by segments until they are in files, and by
// readers while they read from those. Without that a stream of a gigabyte
// would be two of garbage.
var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// newBuffer is empty, and has room for a segment.
func newBuffer() []byte { return buffers.Get().(*[bufferSize]byte)[:0] }

// reuse takes a buffer that nobody else has any more. One that had to be
// another size for a large record is left to the collector.
func reuse(b []byte) {
	if cap(b) == bufferSize {
		buffers.Put((*[bufferSize]byte)(b[:bufferSize]))
	}
}
