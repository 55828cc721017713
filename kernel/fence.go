package kernel

import (
	"strings"
	"time"

	"execd/kernel/wire"
)

// A kernel that has little of the processor sends the idle long after the
// reply: silence proves nothing. So a request is sent behind the run, and what
// comes back for it proves it, because each of the two channels keeps its order
// (Jupyter messaging documentation, "Kernel status").

// half is a set of channels.
type half uint8

const (
	shellHalf half = 1 << iota
	iopubHalf
)

// fenceTurns is how many graces are waited for a kernel that says nothing at all.
const fenceTurns = 40

// fenceSuffix makes the id of the request out of that of the run.
const fenceSuffix = "-fence"

// expire runs when the grace is over. As long as anything comes from the
// kernel, what is missing may be behind it: a reply overtakes output that is
// hundreds of megabytes.
func (e *execution) expire(turn int) {
	if e.outwaits(turn) {
		e.owner.askAgain(e)
	}
}

// outwaits ends the execution, or reports that the kernel has to be asked.
func (e *execution) outwaits(turn int) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.over || e.turn != turn:
		return false
	case e.progress() != e.seen:
		e.wait(e.patience())
		return false
	case e.missing()&^e.passed != 0 && e.asked < fenceTurns:
		e.asked++
		e.wait(e.patience())
		return true
	case !e.idle:
		e.result.Err = ErrNoIdle
	case !e.replied:
		e.loseReply()
	}
	e.conclude()
	return false
}

// missing is where something has to come yet.
func (e *execution) missing() half {
	var h half
	if !e.idle {
		h |= iopubHalf
	}
	if !e.replied {
		h |= shellHalf
	}
	return h
}

func (e *execution) pass(h half) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.passed |= h
}

// askAgain leaves a failure to the reader of the connection, which sees it too.
func (c *client) askAgain(e *execution) {
	c.mu.Lock()
	id := e.id + fenceSuffix
	c.mu.Unlock()
	header := wire.Header(c.name, id, "kernel_info_request", time.Now())
	_ = c.transport.send(shellChannel, wire.Message{Header: header})
}

// pass tells an execution that the kernel has answered behind it.
func (c *client) pass(parentID string, h half) {
	id, ok := strings.CutSuffix(parentID, fenceSuffix)
	if !ok {
		return
	}
	if e := c.find(id); e != nil {
		e.pass(h)
	}
}
