package kernel

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"execd/kernel/wire"
)

// fakeOwner is a session without a kernel.
type fakeOwner struct {
	bytes  atomic.Int64
	resent atomic.Int32
	asked  atomic.Int32
	answer half // what a kernel that is asked answers with
}

func (o *fakeOwner) retire(*execution) {}
func (o *fakeOwner) forget(*execution) {}
func (o *fakeOwner) resend(*execution) { o.resent.Add(1) }
func (o *fakeOwner) askAgain(e *execution) {
	o.asked.Add(1)
	e.pass(o.answer)
}
func (o *fakeOwner) received() int64 { return o.bytes.Load() }

// lastWords keeps the result and counts the outputs. The end may come from a
// timer: what is read behind synctest.Wait is ordered by the atomics.
type lastWords struct {
	outputs atomic.Int32
	end     atomic.Pointer[Result]
}

func (l *lastWords) Output(Output)     { l.outputs.Add(1) }
func (l *lastWords) Finished(r Result) { l.end.Store(&r) }
func (l *lastWords) result() *Result   { return l.end.Load() }

func newExecution(q quirk) (*execution, *fakeOwner, *lastWords) {
	o, h := &fakeOwner{answer: shellHalf | iopubHalf}, &lastWords{}
	return &execution{owner: o, handler: h, grace: time.Second, quirk: q}, o, h
}

func say(t *testing.T, e *execution, kind, content string) {
	t.Helper()
	m := &wire.Message{Type: kind, Content: []byte(content)}
	take := e.publish
	if kind == "execute_reply" {
		take = e.reply
	}
	if err := take(m); err != nil {
		t.Fatal(err)
	}
}

// later lets time pass.
func later(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

const (
	idle    = `{"execution_state":"idle"}`
	okReply = `{"status":"ok","execution_count":1}`
)

func TestExecution_GraceForIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, owner, h := newExecution(quirk{})
		say(t, e, "execute_reply", okReply)
		for range 5 { // a large frame is on its way
			owner.bytes.Add(1)
			later(time.Second)
			if h.result() != nil {
				t.Fatal("ended while output was arriving")
			}
		}
		say(t, e, "stream", `{"name":"stdout","text":"x"}`)
		later(time.Second)
		if h.result() != nil {
			t.Fatal("ended a moment after output")
		}
		later(2 * time.Second)
		if h.result() == nil || h.result().Status != StatusOK || !errors.Is(h.result().Err, ErrNoIdle) {
			t.Errorf("%+v", h.result())
		}
	})
}

func TestExecution_GraceForReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, _, h := newExecution(quirk{})
		say(t, e, "error", `{"ename":"E","evalue":"v"}`)
		say(t, e, "status", idle)
		later(2 * time.Second)
		if h.result() == nil || h.result().Status != StatusError || h.result().EName != "E" || !errors.Is(h.result().Err, ErrNoReply) {
			t.Errorf("%+v", h.result())
		}
	})
}

// Silence is no proof: a kernel that has to wait for its processor is waited
// for, until it answers what was asked behind the run.
func TestExecution_GraceForSlowKernel(t *testing.T) {
	for _, answer := range []half{0, shellHalf} {
		synctest.Test(t, func(t *testing.T) {
			e, owner, h := newExecution(quirk{})
			owner.answer = answer
			say(t, e, "execute_reply", okReply)
			later(fenceTurns * time.Second / 2)
			if h.result() != nil {
				t.Fatalf("ended, though the kernel had not answered on iopub: %+v", h.result())
			}
			say(t, e, "status", idle)
			if h.result() == nil || h.result().Err != nil {
				t.Errorf("%+v", h.result())
			}
		})
	}
}

func TestExecution_GraceForDeadKernel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, owner, h := newExecution(quirk{})
		owner.answer = 0
		say(t, e, "execute_reply", okReply)
		later((fenceTurns + 1) * time.Second)
		if h.result() == nil || !errors.Is(h.result().Err, ErrNoIdle) || owner.asked.Load() != fenceTurns {
			t.Errorf("%+v, asked %d times", h.result(), owner.asked.Load())
		}
	})
}

func TestExecution_NoTimerWhenComplete(t *testing.T) {
	e, _, h := newExecution(quirk{})
	say(t, e, "status", idle)
	say(t, e, "execute_reply", okReply)
	if h.result() == nil || h.result().Err != nil {
		t.Fatalf("%+v", h.result())
	}
	say(t, e, "stream", `{"name":"stdout","text":"x"}`)
	say(t, e, "execute_reply", okReply)
	e.die(ErrDead)
	if h.outputs.Load() != 0 {
		t.Error("output after the end")
	}
}

func TestExecution_DeathBetweenReplyAndIdle(t *testing.T) {
	e, _, h := newExecution(quirk{})
	say(t, e, "execute_reply", okReply)
	e.die(ErrDead)
	if h.result().Status != StatusOK || !errors.Is(h.result().Err, ErrDead) {
		t.Errorf("%+v", h.result())
	}
}

func TestExecution_Lingers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, _, h := newExecution(quirk{linger: 50 * time.Millisecond})
		say(t, e, "execute_reply", okReply)
		say(t, e, "status", idle)
		say(t, e, "stream", `{"name":"stdout","text":"x"}`)
		later(50 * time.Millisecond)
		if h.result() != nil {
			t.Fatal("ended a moment after output")
		}
		later(50 * time.Millisecond)
		if h.outputs.Load() != 1 || h.result() == nil || h.result().Err != nil {
			t.Errorf("%d outputs, %+v", h.outputs.Load(), h.result())
		}
	})
}

func TestExecution_RetriesAborted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, owner, h := newExecution(quirk{retryAborted: 250 * time.Millisecond})
		for range maxRetries + 1 {
			if h.result() != nil {
				t.Fatalf("given up: %+v", h.result())
			}
			say(t, e, "execute_reply", `{"status":"abort"}`)
			say(t, e, "status", idle)
			later(10 * time.Second)
		}
		if owner.resent.Load() != maxRetries || h.result() == nil || h.result().Status != StatusAborted {
			t.Errorf("sent again %d times, %+v", owner.resent.Load(), h.result())
		}
	})
}

func TestExecution_BadContent(t *testing.T) {
	e, _, h := newExecution(quirk{})
	for kind, content := range map[string]string{
		"status": `[]`, "stream": `{"name":1}`, "execute_result": `{"data":[]}`, "execute_reply": `{"status":"fine"}`,
	} {
		m := &wire.Message{Type: kind, Content: []byte(content)}
		if e.publish(m) == nil && e.reply(m) == nil {
			t.Errorf("%s %s was taken", kind, content)
		}
	}
	say(t, e, "comm_open", `nonsense, and nobody's business`)
	if h.outputs.Load() != 0 || h.result() != nil {
		t.Errorf("%+v", h.result())
	}
}

func TestTail(t *testing.T) {
	var out tail
	out.write([]byte("begin "))
	for range 2 * tailSize {
		out.write([]byte("xy"))
	}
	out.write([]byte("end\n"))
	if got := out.text(); len(got) != tailSize-1 || got[len(got)-4:] != "yend" {
		t.Errorf("%d bytes, %q", len(got), got[len(got)-4:])
	}
	out.write(make([]byte, tailSize+1))
	if got := out.text(); len(got) != tailSize {
		t.Errorf("%d bytes", len(got))
	}
}
