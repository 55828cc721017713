package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// executionLate sends what code has shown after its end, and with follow=true
// goes on with what it shows from now on.
func (s *Server) executionLate(c echo.Context) error {
	after, err := afterOf(c)
	if err != nil {
		return err
	}
	follow, err := flag(c, "follow")
	if err != nil {
		return err
	}
	x, err := s.find(c)
	if err != nil {
		return err
	}
	if x.Late == nil {
		return badRequest("%q is no code cell; what its processes write after its end is in /executions/%s/output", x.ID, x.ID)
	}
	cursor := x.Late.Cursor(after)
	defer cursor.Close()
	chunk, wait, err := cursor.Take()
	if err != nil {
		return err
	}
	if wait != nil && !follow {
		c.Response().Header().Set(headerExecution, x.ID)
		return c.NoContent(http.StatusNoContent)
	}
	r := s.newRelay(c, x.ID)
	defer r.restore()
	r.once = !follow
	return r.run(cursor, chunk, wait)
}
