package actors_test

import (
	"testing"
	"time"

	"execd/actors/msg"
)

func nothing() msg.Reply[msg.Nothing] { return msg.NewReply[msg.Nothing]() }

// runSessions does with bash sessions what can be done with them.
func runSessions(_ *testing.T, s *system, keep func(msg.Execution, error) msg.Execution) {
	session, err := ask(s, msg.CreateSession{Reply: msg.NewReply[msg.Session]()})
	if err != nil {
		return
	}
	run := func(script string, change func(*msg.RunInSession)) msg.RunInSession {
		q := msg.RunInSession{Reply: msg.NewReply[msg.Execution](), ID: session.ID, Script: script}
		if change != nil {
			change(&q)
		}
		return q
	}
	keep(ask(s, run("echo one", nil)))
	keep(ask(s, run("true", func(q *msg.RunInSession) { q.Dir = "/does/not/exist" })))
	_, _ = ask(s, msg.FindSession{Reply: msg.NewReply[msg.Session](), ID: session.ID})
	_, _ = ask(s, msg.ListSessions{Reply: msg.NewReply[[]msg.Session]()})
	if x := keep(ask(s, run("sleep 600", nil))); x.ID != "" {
		_, _ = ask(s, msg.SignalExecution{Reply: nothing(), ID: x.ID, Signal: "CONT"})
		_, _ = ask(s, msg.Interrupt{Reply: nothing(), ID: x.ID})
		endBy(s, x)
	}
	if x := keep(ask(s, run("sleep 600", nil))); x.ID != "" {
		s.remove(x)
		endBy(s, x)
	}
	if x := keep(ask(s, run("sleep 600", func(q *msg.RunInSession) { q.Timeout = time.Millisecond }))); x.Log != nil {
		endBy(s, x)
	}
	if x := keep(ask(s, run("sleep 600", func(q *msg.RunInSession) { q.KillOnDisconnect = true }))); x.Log != nil {
		x.Log.Cursor(0).Close()
		endBy(s, x)
	}
	long := keep(ask(s, run("sleep 600", nil)))
	_, _ = ask(s, msg.DeleteSession{Reply: nothing(), ID: session.ID})
	if long.Log != nil {
		endBy(s, long)
	}
}

// openTerminals does with terminals what can be done with them.
func openTerminals(_ *testing.T, s *system, keep func(msg.Execution, error) msg.Execution) {
	terminal, err := ask(s, msg.CreateTerminal{Reply: msg.NewReply[msg.Terminal](), Command: "sleep 600"})
	if err != nil {
		return
	}
	_, _ = ask(s, msg.FindTerminal{Reply: msg.NewReply[msg.Terminal](), ID: terminal.ID})
	_, _ = ask(s, msg.ListTerminals{Reply: msg.NewReply[[]msg.Terminal]()})
	open := func() msg.Execution {
		seat, err := ask(s, msg.OpenTerminal{Reply: msg.NewReply[msg.Seat](), ID: terminal.ID, Takeover: true})
		if err != nil {
			return msg.Execution{}
		}
		return keep(seat.Execution, nil)
	}
	if x := open(); x.ID != "" {
		_, _ = ask(s, msg.ResizeTerminal{Reply: nothing(), ID: terminal.ID, Columns: 100, Rows: 30})
		_, _ = ask(s, msg.SignalExecution{Reply: nothing(), ID: x.ID, Signal: "CONT"})
		_, _ = ask(s, msg.Interrupt{Reply: nothing(), ID: x.ID})
		endBy(s, x)
	}
	if x := open(); x.ID != "" {
		s.remove(x)
		endBy(s, x)
	}
	x := open()
	_, _ = ask(s, msg.DeleteTerminal{Reply: nothing(), ID: terminal.ID})
	if x.ID != "" {
		endBy(s, x)
	}
}

// leaveOpen has one of everything in use when the system ends.
func leaveOpen(t *testing.T, s *system, keep func(msg.Execution, error) msg.Execution) {
	t.Helper()
	keep(ask(s, s.command("sleep 600")))
	keep(ask(s, s.code("block")))
	if session, err := ask(s, msg.CreateSession{Reply: msg.NewReply[msg.Session]()}); err == nil {
		keep(ask(s, msg.RunInSession{Reply: msg.NewReply[msg.Execution](), ID: session.ID, Script: "sleep 600"}))
	}
	if terminal, err := ask(s, msg.CreateTerminal{Reply: msg.NewReply[msg.Terminal]()}); err == nil {
		seat, err := ask(s, msg.OpenTerminal{Reply: msg.NewReply[msg.Seat](), ID: terminal.ID})
		keep(seat.Execution, err)
	}
	_, _ = ask(s, watchFiles(t.TempDir(), -1))
}
