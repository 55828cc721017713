package httpapi

import "time"

// smallWrite is what the server keeps until it is flushed.
const smallWrite = 1 << 10

// otherBuffer is what a connection gets back for responses that are no
// streams; the kernel's own tuning cannot be restored.
const otherBuffer = 1 << 20

func (r *relay) restore() {
	r.uncork()
	if r.tuned {
		setSendBuffer(r.ctx, otherBuffer)
	}
	if r.beat != nil {
		r.beat.Stop()
	}
	_ = r.out.SetWriteDeadline(time.Time{}) // a connection that is gone needs none
}

const (
	// sustained is after how much in large writes a stream is one that goes on for
	// long, and for which it pays.
	sustained = 4 << 20
	// bulkBuffer is the kernel's send buffer then: who is woken has more to do, and
	// is woken less often. It comes to three times that where the client stalls.
	bulkBuffer = 256 << 10
)

// sustain is told of large writes.
func (r *relay) sustain(n int) {
	before := r.bulk
	r.bulk += int64(n)
	if before < sustained && r.bulk >= sustained {
		r.tuned = true
		setSendBuffer(r.ctx, bulkBuffer)
	}
}

// tune makes the connection that of a stream, which one that is over at once,
// with all that it has to say, does not need.
func (r *relay) tune() {
	if !r.tuned && !r.begun {
		r.tuned = true
		setSendBuffer(r.ctx, streamBuffer)
	}
}
