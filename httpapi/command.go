package httpapi

import (
	"bytes"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"execd/actors/event"
	"execd/actors/msg"
)

const headerCursor = "Execd-Commands-Tail-Cursor"

// commandRequest is the body of POST /command.
type commandRequest struct {
	Command      string            `json:"command"`
	Argv         []string          `json:"argv"` // in place of Command: a program and its arguments, without a shell
	Cwd          string            `json:"cwd"`
	Background   bool              `json:"background"`
	Timeout      int64             `json:"timeout"` // milliseconds
	UID          *uint32           `json:"uid"`
	GID          *uint32           `json:"gid"`
	Envs         map[string]string `json:"envs"`
	Stdin        bool              `json:"stdin"`
	Output       string            `json:"output"`  // lines or bytes
	WaitMillis   int64             `json:"wait_ms"` // after which the response ends, not the command
	OnDisconnect string            `json:"on_disconnect"`
}

func (s *Server) runCommand(c echo.Context) error {
	var body commandRequest
	raw, err := decode(c, s.config.MaxBody, &body)
	if err != nil {
		return err
	}
	return s.startCommand(c, body, raw)
}

func (s *Server) startCommand(c echo.Context, body commandRequest, raw []byte) error {
	if err := checkProgram(body.Command, body.Argv); err != nil {
		return err
	}
	o, err := readOptions(c, raw, body.Timeout, body.WaitMillis, body.OnDisconnect, body.Output)
	if err != nil {
		return err
	}
	x, err := s.askToRun(c, o.kill, msg.RunCommand{
		Reply: msg.NewReply[msg.Execution](),
		Retry: o.retry, Origin: origin(c),
		Command: msg.Command{
			Script: body.Command, Argv: body.Argv, Background: body.Background, Dir: body.Cwd, Env: body.Envs,
			UID: body.UID, GID: body.GID, Timeout: o.timeout, KillOnDisconnect: o.kill,
			Stdin: body.Stdin, Bytes: o.bytes,
		},
	})
	if err != nil {
		return err
	}
	if body.Background {
		return s.streamStarted(c, x)
	}
	return s.streamFor(c, x, o.wait)
}

// checkProgram refuses what does not say, in one way, what to run.
func checkProgram(command string, argv []string) error {
	switch {
	case command == "" && argv == nil:
		return badRequest("missing field 'command'")
	case command != "" && argv != nil:
		return badRequest("'command' and 'argv' exclude each other")
	case command == "" && (len(argv) == 0 || argv[0] == ""):
		return badRequest("'argv' must begin with a program")
	}
	for _, arg := range argv {
		if strings.ContainsRune(arg, 0) {
			return badRequest("'argv': no argument can have a NUL")
		}
	}
	return nil
}

// streamStarted answers for a command that its caller does not wait for: the
// init event, and a completion that speaks of the start only and is in no
// log. The command's own events are at /executions/{id}/events.
func (s *Server) streamStarted(c echo.Context, x msg.Execution) error {
	cursor := x.Log.Cursor(0)
	defer cursor.Close()
	chunk, err := cursor.Next(c.Request().Context())
	if err != nil {
		return err
	}
	first := bytes.Index(chunk.Frames, []byte("\n\n")) + len("\n\n")
	r := s.newRelay(c, x.ID)
	defer r.restore()
	if err := r.write(chunk.Frames[:first]); err != nil {
		return err
	}
	return r.write(event.Loose(event.Event{Type: event.TypeComplete, Time: time.Now(), ExecutionID: x.ID, Status: "started"}))
}

// interrupt serves DELETE /command and DELETE /code: either takes the id of
// any execution or context.
func (s *Server) interrupt(c echo.Context) error {
	id, err := queryID(c)
	if err != nil {
		return err
	}
	return s.done(c, msg.Interrupt{Reply: msg.NewReply[msg.Nothing](), ID: id})
}

// commandStatusBody is what the API's clients know of a command.
type commandStatusBody struct {
	ID         string `json:"id"`
	Content    string `json:"content,omitempty"`
	Running    bool   `json:"running"`
	ExitCode   *int   `json:"exit_code,omitempty"`
	Error      string `json:"error,omitempty"`
	StartedAt  string `json:"started_at"`
	FinishedAt string `json:"finished_at,omitempty"`
}

// The exit codes that these clients know for ends that have none.
const (
	exitBySignal = -1
	exitUnborn   = 255
)

func (s *Server) commandStatus(c echo.Context) error {
	x, err := s.find(c)
	if err != nil {
		return err
	}
	st := x.Status
	body := commandStatusBody{
		ID: st.ID, Content: st.Content, Running: st.State != msg.StateEnded,
		ExitCode: st.ExitCode, Error: st.Error, StartedAt: timestamp(st.Started), FinishedAt: timestamp(st.Finished),
	}
	if code := exitUnborn; !body.Running && st.ExitCode == nil && st.Kind != msg.KindCode {
		body.ExitCode = &code
	}
	if code := exitBySignal; st.Signal != "" {
		body.ExitCode = &code
	}
	return c.JSON(http.StatusOK, body)
}

// timestamp is RFC 3339 with nanoseconds, empty for the zero time.
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

// commandLogs sends what a background command has written from the byte
// offset cursor on, and says in a header where to go on.
func (s *Server) commandLogs(c echo.Context) error {
	x, err := s.find(c)
	if err != nil {
		return err
	}
	if x.Kind != msg.KindBackground {
		return badRequest("%q is no background command; its output is at /executions/%s/output", x.ID, x.ID)
	}
	return s.sendOutput(c, written{x.Output, both}, "cursor", headerCursor, echo.MIMETextPlainCharsetUTF8)
}
