package httpapi

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"execd/actors/msg"
)

// terminalRequest is the body of POST /pty, which may be empty.
type terminalRequest struct {
	Cwd     string            `json:"cwd"`
	Command string            `json:"command"`
	Envs    map[string]string `json:"envs"`
}

// terminalBody describes a terminal.
type terminalBody struct {
	ID        string `json:"session_id"`
	Running   bool   `json:"running"`
	Held      bool   `json:"held"`
	Execution string `json:"execution_id,omitempty"`
	Offset    int64  `json:"output_offset"`
	CreatedAt string `json:"created_at"`
}

func describeTerminal(x msg.Terminal) terminalBody {
	return terminalBody{
		ID: x.ID, Running: x.Running, Held: x.Held, Execution: x.Execution,
		Offset: x.Offset, CreatedAt: timestamp(x.Created),
	}
}

func (s *Server) createTerminal(c echo.Context) error {
	var body terminalRequest
	raw, err := decode(c, s.config.MaxBody, &body)
	if err != nil && !errors.Is(err, errEmptyBody) {
		return err
	}
	again, err := retry(c, raw)
	if err != nil {
		return err
	}
	x, err := msg.Ask(c.Request().Context(), s.config.Supervisor, msg.CreateTerminal{
		Reply: msg.NewReply[msg.Terminal](), Retry: again, Dir: body.Cwd, Command: body.Command, Env: body.Envs,
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, describeTerminal(x))
}

func (s *Server) listTerminals(c echo.Context) error {
	all, err := msg.Ask(c.Request().Context(), s.config.Supervisor, msg.ListTerminals{Reply: msg.NewReply[[]msg.Terminal]()})
	if err != nil {
		return err
	}
	list := make([]terminalBody, len(all))
	for i, x := range all {
		list[i] = describeTerminal(x)
	}
	return c.JSON(http.StatusOK, list)
}

func (s *Server) findTerminal(c echo.Context) (msg.Terminal, error) {
	return msg.Ask(c.Request().Context(), s.config.Supervisor, msg.FindTerminal{Reply: msg.NewReply[msg.Terminal](), ID: c.Param("id")})
}

func (s *Server) getTerminal(c echo.Context) error {
	x, err := s.findTerminal(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, describeTerminal(x))
}

func (s *Server) deleteTerminal(c echo.Context) error {
	return s.done(c, msg.DeleteTerminal{Reply: msg.NewReply[msg.Nothing](), ID: c.Param("id")})
}
