package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"execd/actors/msg"
)

// isolatedRoutes are those of sessions in a sandbox of their own, which execd
// does not have. Newer clients ask first whether they are there, and a path
// that does not exist would look like a daemon too old to know.
func (s *Server) isolatedRoutes() {
	const prefix = "/v1/isolated"
	s.echo.GET(prefix+"/capabilities", isolatedCapabilities)
	s.echo.RouteNotFound(prefix+"/*", noIsolation)
}

const whyNoIsolation = "this execd has no isolated sessions: use /session, or a sandbox for each"

// capabilitiesBody says what isolated sessions can do.
type capabilitiesBody struct {
	Available        bool   `json:"available"`
	Message          string `json:"message"`
	SetprivAvailable bool   `json:"setpriv_available"`
	UsernsAvailable  bool   `json:"userns_available"`
	CommitSupported  bool   `json:"commit_supported"`
	DiffSupported    bool   `json:"diff_supported"`
}

func isolatedCapabilities(c echo.Context) error {
	return c.JSON(http.StatusOK, capabilitiesBody{Message: whyNoIsolation})
}

// noIsolation answers all other paths, existing or not, by every method.
func noIsolation(echo.Context) error {
	return msg.Errorf(msg.NoIsolation, "%s", whyNoIsolation)
}
