package e2e_test

import (
	"net/http"
	"testing"
)

// command runs a shell command to its end. What is wanted may be a string, or an object for further fields.
func (d *daemon) command(tb testing.TB, wanted any, h ...string) run {
	tb.Helper()
	return d.openCommand(tb, wanted, h...).complete(tb)
}

// openCommand starts one and returns its stream.
func (d *daemon) openCommand(tb testing.TB, wanted any, h ...string) *stream {
	tb.Helper()
	if script, ok := wanted.(string); ok {
		wanted = object{"command": script}
	}
	return d.open(tb, http.MethodPost, "/command", wanted, h...)
}

// background starts a background command and returns its id, from an answer that speaks of the start only.
func (d *daemon) background(tb testing.TB, script string, more ...object) string {
	tb.Helper()
	body := object{"command": script, "background": true}
	for _, m := range more {
		for k, v := range m {
			body[k] = v
		}
	}
	s := d.open(tb, http.MethodPost, "/command", body)
	all := s.rest(tb)
	if len(all) != 2 || all[0].Type != "init" || all[0].ID != 1 || all[1].Type != "execution_complete" || all[1].ID != 0 {
		tb.Fatalf("a background start is answered with %+v", all)
	}
	return all[0].Text
}

// code runs code to its end. What is wanted may be Python code, or an object.
func (d *daemon) code(tb testing.TB, wanted any, h ...string) run {
	tb.Helper()
	return d.openCode(tb, wanted, h...).complete(tb)
}

func (d *daemon) openCode(tb testing.TB, wanted any, h ...string) *stream {
	tb.Helper()
	if code, ok := wanted.(string); ok {
		wanted = object{"language": "python", "code": code}
	}
	return d.open(tb, http.MethodPost, "/code", wanted, h...)
}

// in is code for an explicit context.
func in(contextID, code string) object {
	return object{"context": object{"id": contextID, "language": "python"}, "code": code}
}

// codeContext is a context as the API describes it.
type codeContext struct{ ID, Language, Cwd, State string }

// newContext makes a Python context.
func (d *daemon) newContext(tb testing.TB, more ...object) codeContext {
	tb.Helper()
	body := object{"language": "python"}
	for _, m := range more {
		for k, v := range m {
			body[k] = v
		}
	}
	return post[codeContext](tb, d, "/code/context", body)
}

// commandStatus is what /command/status tells.
type commandStatus struct {
	ID, Content, Error string
	Running            bool
	ExitCode           *int   `json:"exit_code"`
	StartedAt          string `json:"started_at"`
	FinishedAt         string `json:"finished_at"`
}

func (d *daemon) status(tb testing.TB, id string) commandStatus {
	tb.Helper()
	return get[commandStatus](tb, d, "/command/status/"+id)
}

// ended waits for the end of a command that nobody reads.
func (d *daemon) ended(tb testing.TB, id string) commandStatus {
	tb.Helper()
	d.attach(tb, id, 0).complete(tb)
	return d.status(tb, id)
}

// execution is what /executions tells.
type execution struct {
	ID, Kind, State, Content, Language string
	Signal, Reason, Error              string
	ContextID                          string `json:"context_id"`
	StartedAt                          string `json:"started_at"`
	FinishedAt                         string `json:"finished_at"`
	ExitCode                           *int   `json:"exit_code"`
	Oldest                             int64  `json:"oldest_event"`
	Last                               int64  `json:"last_event"`
	Bytes                              int64  `json:"event_bytes"`
	Readers                            int
}

func (d *daemon) execution(tb testing.TB, id string) execution {
	tb.Helper()
	return get[execution](tb, d, "/executions/"+id)
}
