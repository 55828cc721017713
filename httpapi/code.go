package httpapi

import (
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"execd/actors/msg"
)

// codeRequest is the body of POST /code. The language may stand beside the
// code, for people who type it.
type codeRequest struct {
	Code         string      `json:"code"`
	Context      codeContext `json:"context"`
	Language     string      `json:"language"`
	Envs         environment `json:"envs"`
	Timeout      int64       `json:"timeout"` // milliseconds
	Stdin        bool        `json:"stdin"`
	Comms        bool        `json:"comms"`
	OnDisconnect string      `json:"on_disconnect"`
}

// environment is variables by their names.
type environment map[string]string

type codeContext struct {
	ID       string `json:"id"`
	Language string `json:"language"`
}

func (s *Server) runCode(c echo.Context) error {
	var body codeRequest
	raw, err := decode(c, s.config.MaxBody, &body)
	if err != nil {
		return err
	}
	if body.Code == "" {
		return badRequest("missing field 'code'")
	}
	language := body.Context.Language
	if language == "" {
		language = body.Language
	}
	switch strings.ToLower(language) {
	case "":
		if body.Context.ID == "" {
			return s.startCommand(c, shellRequest(body, false), raw)
		}
	case "command":
		return s.startCommand(c, shellRequest(body, false), raw)
	case "background-command":
		return s.startCommand(c, shellRequest(body, true), raw)
	case "sql":
		return &msg.Error{Code: msg.NotSupported, Message: "the language sql is not supported; use a client from a command or from code"}
	}
	return s.startCell(c, body, language, raw)
}

// shellRequest is what code without a language means: a shell command.
func shellRequest(body codeRequest, background bool) commandRequest {
	return commandRequest{
		Command: body.Code, Background: background, Envs: body.Envs, Timeout: body.Timeout, Stdin: body.Stdin, OnDisconnect: body.OnDisconnect,
	}
}

func (s *Server) startCell(c echo.Context, body codeRequest, language string, raw []byte) error {
	timeout, err := millis(body.Timeout)
	if err != nil {
		return err
	}
	kill, err := killOnDisconnect(body.OnDisconnect)
	if err != nil {
		return err
	}
	again, err := retry(c, raw)
	if err != nil {
		return err
	}
	x, err := s.askToRun(c, kill, msg.RunCode{
		Reply: msg.NewReply[msg.Execution](), Retry: again, Origin: origin(c),
		ContextID: body.Context.ID, Language: language, Code: body.Code, Env: body.Envs,
		Timeout: timeout, Stdin: body.Stdin, Comms: body.Comms, KillOnDisconnect: kill,
	})
	if err != nil {
		return err
	}
	return s.stream(c, x, 0, false)
}

// contextRequest is the body of POST /code/context.
type contextRequest struct {
	Language string            `json:"language"`
	Cwd      string            `json:"cwd"`
	Envs     map[string]string `json:"envs"`
}

// contextBody describes a context.
type contextBody struct {
	ID       string `json:"id"`
	Language string `json:"language"`
	Cwd      string `json:"cwd,omitempty"`
	State    string `json:"state,omitempty"`

	Created string           `json:"created_at"`
	Usage   *kernelUsageBody `json:"usage,omitempty"`
}

func describeContext(x msg.Context) contextBody {
	return contextBody{
		ID: x.ID, Language: x.Language, Cwd: x.Dir, State: x.State,
		Created: x.Created.UTC().Format(time.RFC3339Nano), Usage: describeKernelUsage(x.Usage),
	}
}

func (s *Server) createContext(c echo.Context) error {
	var body contextRequest
	raw, err := decode(c, s.config.MaxBody, &body)
	if err != nil {
		return err
	}
	if strings.TrimSpace(body.Language) == "" {
		return badRequest("missing field 'language'")
	}
	again, err := retry(c, raw)
	if err != nil {
		return err
	}
	x, err := msg.Ask(c.Request().Context(), s.config.Supervisor, msg.CreateContext{
		Reply: msg.NewReply[msg.Context](), Retry: again, Language: body.Language, Dir: body.Cwd, Env: body.Envs,
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, describeContext(x))
}

func (s *Server) listContexts(c echo.Context) error {
	all, err := msg.Ask(c.Request().Context(), s.config.Supervisor, msg.ListContexts{
		Reply: msg.NewReply[[]msg.Context](), Language: c.QueryParam("language"),
	})
	if err != nil {
		return err
	}
	list := make([]contextBody, len(all))
	for i, x := range all {
		list[i] = describeContext(x)
	}
	return c.JSON(http.StatusOK, list)
}

func (s *Server) getContext(c echo.Context) error {
	x, err := msg.Ask(c.Request().Context(), s.config.Supervisor, msg.FindContext{
		Reply: msg.NewReply[msg.Context](), ID: c.Param("id"),
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, describeContext(x))
}

func (s *Server) restartContext(c echo.Context) error {
	x, err := msg.Ask(c.Request().Context(), s.config.Supervisor, msg.RestartContext{
		Reply: msg.NewReply[msg.Context](), ID: c.Param("id"),
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, describeContext(x))
}

func (s *Server) deleteContext(c echo.Context) error {
	return s.done(c, msg.DeleteContext{Reply: msg.NewReply[msg.Nothing](), ID: c.Param("id")})
}

func (s *Server) deleteContexts(c echo.Context) error {
	language := c.QueryParam("language")
	if language == "" {
		return &msg.Error{Code: msg.MissingQuery, Message: "missing query parameter 'language'"}
	}
	return s.done(c, msg.DeleteContexts{Reply: msg.NewReply[msg.Nothing](), Language: language})
}

// done asks for something that is answered with nothing but success.
func (s *Server) done(c echo.Context, q msg.Request[msg.Nothing]) error {
	if _, err := msg.Ask(c.Request().Context(), s.config.Supervisor, q); err != nil {
		return err
	}
	return c.NoContent(http.StatusOK)
}
