package actors

import (
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"execd/actors/event"
	"execd/actors/msg"
	"execd/shell"
)

// execution is what outlives the actor that runs it: its log, and what became
// of it. The supervisor makes it before the actor, so that whatever happens
// to the actor the log gets its one terminal event. All methods may be called
// from any goroutine.
type execution struct {
	id      string
	kind    msg.Kind
	content string
	lines   bool // output comes as lines, else as it comes
	retry   msg.Retry
	origin  msg.Origin
	journey journey // as traces see it
	log     *event.Log
	late    *event.Log    // of code: what came behind its end; else nil
	output  *event.Output // nil for code
	ended   func(*execution)

	mu        sync.Mutex
	contextID string // of code; the text of its init event
	language  string // of code
	created   time.Time
	started   time.Time // when the work itself began
	finished  time.Time
	state     msg.State
	outcome   outcome
	admitted  bool
	refusal   error
	waiting   []msg.Reply[msg.Execution]
	process   *shell.Process
	input     msg.Input                      // nil without standard input
	answers   msg.Answers                    // of code that may ask; else nil
	stdin     *os.File                       // the process's end of it, until that is started
	usage     *event.Resources               // as last measured
	peak      int64                          // of memory, likewise
	most      int                            // processes, likewise
	underway  atomic.Pointer[shell.Underway] // of a run in a session, until its end
	alone     bool                           // nothing else was running when it began
	given     bool                           // abandoned: a process that comes late is killed at once
}

// whenAdmitted answers r with the execution once it has passed all checks,
// which may be now, or with what was wrong.
func (x *execution) whenAdmitted(r msg.Reply[msg.Execution]) {
	x.mu.Lock()
	refusal := x.refusal
	if !x.admitted && refusal == nil {
		x.waiting = append(x.waiting, r)
		x.mu.Unlock()
		return
	}
	x.mu.Unlock()
	if refusal != nil {
		r.Fail(refusal)
		return
	}
	r.Answer(x.snapshot())
}

// admit appends the init event and answers everybody who waits.
func (x *execution) admit() {
	x.mu.Lock()
	if x.admitted || x.refusal != nil {
		x.mu.Unlock()
		return
	}
	text := x.id
	if x.contextID != "" {
		text = x.contextID // what clients of /code interrupt by
	}
	x.log.Append(event.Event{Type: event.TypeInit, Text: text, ExecutionID: x.id, Time: x.created})
	x.admitted = true
	x.journey.admitted()
	waiting := x.waiting
	x.waiting = nil
	x.mu.Unlock()
	for _, r := range waiting {
		r.Answer(x.snapshot())
	}
}

// refuse ends an execution that never was: it failed a check. It reports
// false where it was admitted before.
func (x *execution) refuse(err error) bool {
	x.mu.Lock()
	if x.admitted || x.refusal != nil {
		x.mu.Unlock()
		return false
	}
	x.refusal = err
	x.state = msg.StateEnded
	waiting := x.waiting
	x.waiting = nil
	x.mu.Unlock()
	x.closeInput()
	for _, r := range waiting {
		r.Fail(err)
	}
	x.ended(x)
	return true
}

// Fail answers for a message that carried the execution and was lost.
func (x *execution) Fail(err error) {
	if !x.refuse(err) {
		x.end(failure("InternalError", err.Error(), "internal"))
	}
}

// running says that the work itself has begun.
func (x *execution) running() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.state == msg.StateQueued {
		x.state = msg.StateRunning
		x.started = time.Now()
	}
}

// beginAtOnce is for what does not wait before it runs: nobody sees it queued.
func (x *execution) beginAtOnce() {
	x.running()
	x.admit()
}

// end appends the terminal event, unless there is one.
func (x *execution) end(o outcome) {
	x.mu.Lock()
	if x.state == msg.StateEnded {
		x.mu.Unlock()
		return
	}
	x.state = msg.StateEnded
	x.finished = time.Now()
	x.outcome = o
	e := o.terminal
	e.Time = x.finished
	if x.started.IsZero() {
		x.started = x.finished
	}
	e.Duration = max(x.finished.Sub(x.started), time.Millisecond) // 0 is left out on the wire
	e.ExitCode, e.Signal, e.Reason = o.exit, o.signal, o.reason
	if o.usage != nil {
		o.usage.PeakMemory = max(o.usage.PeakMemory, x.peak)
		o.usage.PeakProcesses = max(o.usage.PeakProcesses, x.most)
	}
	x.usage, e.Usage = o.usage, o.usage
	x.mu.Unlock()
	x.closeInput()
	x.log.End(e)
	x.underway.Store(nil)
	if !x.log.Looking() {
		runtime.Gosched() // who waits for the end goes first
	}
	x.ended(x)
}

// place says in which context the code runs, before anybody reads it.
func (x *execution) place(contextID, language string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.contextID, x.language = contextID, language
}

func (x *execution) isIn(contextID string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.contextID == contextID
}

func (x *execution) over() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.state == msg.StateEnded
}

// adopt keeps the process for whoever has to end it. It reports false when
// that was decided before the process came.
func (x *execution) adopt(p *shell.Process) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.given {
		return false
	}
	x.process = p
	return true
}

// abandon kills what runs and ends the log with the reason, after the actor
// is gone. It does nothing to an execution that has ended properly.
func (x *execution) abandon(o outcome) {
	x.mu.Lock()
	over := x.state == msg.StateEnded
	p := x.process
	x.given = true
	x.mu.Unlock()
	if over {
		return
	}
	if p != nil {
		p.Kill()
	}
	if !x.refuse(msg.ErrCrashed) {
		x.end(o)
	}
}

// leftover is the process of an ended execution, for as long as others of its
// group may live.
func (x *execution) leftover() *shell.Process {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.state != msg.StateEnded {
		return nil
	}
	return x.process
}

func (x *execution) forgetProcess() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.process = nil
}

// snapshot is what clients are told about the execution now.
func (x *execution) snapshot() msg.Execution {
	s := msg.Execution{ID: x.id, Kind: x.kind, Log: x.log, Late: x.late, Output: x.output, Lines: x.lines, Alone: x.alone, Status: x.status()}
	x.mu.Lock()
	defer x.mu.Unlock()
	s.Input, s.Answers = x.input, x.answers
	return s
}

func (x *execution) status() msg.Status {
	x.mu.Lock()
	defer x.mu.Unlock()
	started := x.created
	if !x.started.IsZero() {
		started = x.started
	}
	var late int64
	if x.late != nil {
		late = x.late.Range().Last
	}
	return msg.Status{
		ID: x.id, Kind: x.kind, State: x.state, Content: x.content,
		ContextID: x.contextID, Language: x.language,
		Started: started, Finished: x.finished,
		ExitCode: x.outcome.exit, Signal: x.outcome.signal,
		Reason: x.outcome.reason, Error: x.outcome.errText, Killed: x.outcome.killed, Usage: x.usage,
		Events: x.log.Range(), Late: late, Readers: x.log.Readers(),
	}
}

// release drops the log and its files.
func (x *execution) release() {
	x.log.Remove()
	if x.late != nil {
		x.late.Remove()
	}
	if x.output != nil {
		x.output.Remove()
	}
}

// unload moves an ended execution's log out of the memory.
func (x *execution) unload() {
	x.log.Unload()
	if x.output != nil {
		x.output.Unload()
	}
}

// took is the time from the start of the work to its end.
func (x *execution) took() time.Duration {
	x.mu.Lock()
	defer x.mu.Unlock()
	return max(x.finished.Sub(x.started), 0)
}

func (x *execution) endedAt() time.Time {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.finished
}
