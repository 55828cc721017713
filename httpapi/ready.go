package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"execd/actors/msg"
)

// readyBody is the answer of a daemon that is ready.
type readyBody struct {
	Status    string   `json:"status"`
	Languages []string `json:"languages"`
	Missing   []string `json:"missing"`
}

// ready says that what the configuration promises can be done, which takes
// more than that the daemon serves: its kernels may be another server's.
func (s *Server) ready(c echo.Context) error {
	r, err := msg.Ask(c.Request().Context(), s.config.Supervisor, msg.CheckReady{Reply: msg.NewReply[msg.Readiness]()})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, readyBody{Status: "ready", Languages: r.Languages, Missing: r.Missing})
}
