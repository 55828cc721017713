package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"execd/actors/msg"
)

// sessionRequest is the body of POST /session, which may be empty.
type sessionRequest struct {
	Cwd  string            `json:"cwd"`
	Envs map[string]string `json:"envs"`
}

// sessionBody describes a session.
type sessionBody struct {
	ID        string `json:"session_id"`
	Cwd       string `json:"cwd,omitempty"`
	Running   string `json:"running,omitempty"` // the execution in progress
	Queued    int    `json:"queued"`
	CreatedAt string `json:"created_at"`
}

func describeSession(x msg.Session) sessionBody {
	return sessionBody{ID: x.ID, Cwd: x.Dir, Running: x.Running, Queued: x.Queued, CreatedAt: timestamp(x.Created)}
}

func (s *Server) createSession(c echo.Context) error {
	var body sessionRequest
	raw, err := decode(c, s.config.MaxBody, &body)
	if err != nil && !errors.Is(err, errEmptyBody) {
		return err
	}
	again, err := retry(c, raw)
	if err != nil {
		return err
	}
	x, err := msg.Ask(c.Request().Context(), s.config.Supervisor, msg.CreateSession{
		Reply: msg.NewReply[msg.Session](), Retry: again, Dir: body.Cwd, Env: body.Envs,
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, describeSession(x))
}

// sessionRunRequest is the body of POST /session/{id}/run.
type sessionRunRequest struct {
	Command      string            `json:"command"`
	Cwd          string            `json:"cwd"`
	Timeout      int64             `json:"timeout"` // milliseconds
	Envs         map[string]string `json:"envs"`
	Stdin        bool              `json:"stdin"`
	Output       string            `json:"output"`  // lines or bytes
	WaitMillis   int64             `json:"wait_ms"` // after which the response ends, not the run
	OnDisconnect string            `json:"on_disconnect"`
}

func (s *Server) runInSession(c echo.Context) error {
	var body sessionRunRequest
	raw, err := decode(c, s.config.MaxBody, &body)
	if err != nil {
		return err
	}
	if body.Command == "" {
		return badRequest("missing field 'command'")
	}
	o, err := readOptions(c, raw, body.Timeout, body.WaitMillis, body.OnDisconnect, body.Output)
	if err != nil {
		return err
	}
	x, err := s.askToRun(c, o.kill, msg.RunInSession{
		Reply: msg.NewReply[msg.Execution](), Retry: o.retry, Origin: origin(c), ID: c.Param("id"),
		Script: body.Command, Dir: body.Cwd, Env: body.Envs, Timeout: o.timeout,
		Stdin: body.Stdin, Bytes: o.bytes, KillOnDisconnect: o.kill,
	})
	if err != nil {
		return err
	}
	if !x.Alone {
		s.sprint.stop()
	}
	return s.streamFor(c, x, o.wait)
}

// options is what requests that start something have in common.
type options struct {
	retry         msg.Retry
	timeout, wait time.Duration
	kill, bytes   bool
}

func readOptions(c echo.Context, raw []byte, timeout, wait int64, onDisconnect, output string) (o options, err error) {
	if o.timeout, err = millis(timeout); err != nil {
		return o, err
	}
	if o.wait, err = millis(wait); err != nil {
		return o, badRequest("wait_ms: %w", err)
	}
	if o.kill, err = killOnDisconnect(onDisconnect); err != nil {
		return o, err
	}
	switch output {
	case "", "lines":
	case "bytes":
		o.bytes = true
	default:
		return o, badRequest("output must be \"lines\" or \"bytes\"")
	}
	o.retry, err = retry(c, raw)
	return o, err
}

// askToRun sends a request that starts a run. The answer to one that is to end
// with its reader is waited for even if its client has left: a run that nobody
// ever reads has no reader that could leave.
func (s *Server) askToRun(c echo.Context, kill bool, q msg.Request[msg.Execution]) (msg.Execution, error) {
	ctx := c.Request().Context()
	if kill {
		ctx = context.WithoutCancel(ctx)
	}
	return msg.Ask(ctx, s.config.Supervisor, q)
}

func (s *Server) listSessions(c echo.Context) error {
	all, err := msg.Ask(c.Request().Context(), s.config.Supervisor, msg.ListSessions{Reply: msg.NewReply[[]msg.Session]()})
	if err != nil {
		return err
	}
	list := make([]sessionBody, len(all))
	for i, x := range all {
		list[i] = describeSession(x)
	}
	return c.JSON(http.StatusOK, list)
}

func (s *Server) getSession(c echo.Context) error {
	x, err := msg.Ask(c.Request().Context(), s.config.Supervisor, msg.FindSession{Reply: msg.NewReply[msg.Session](), ID: c.Param("id")})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, describeSession(x))
}

func (s *Server) deleteSession(c echo.Context) error {
	return s.done(c, msg.DeleteSession{Reply: msg.NewReply[msg.Nothing](), ID: c.Param("id")})
}
