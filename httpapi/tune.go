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

// tune makes the connection that of a stream, which one that is over at once,
// with all that it has to say, does not need.
func (r *relay) tune() {
	if !r.tuned && !r.begun {
		r.tuned = true
		setSendBuffer(r.ctx, streamBuffer)
	}
}
