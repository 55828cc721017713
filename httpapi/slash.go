package httpapi

import (
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/labstack/echo/v4"
)

// route has Echo's answer to a request, and where there is none looks for it
// without the slash at the end, which some clients and people add.
func (s *Server) route(c echo.Context, next echo.HandlerFunc) error {
	err := next(c)
	if errors.Is(err, echo.ErrNotFound) && !c.Response().Committed {
		return s.withoutSlash(c)
	}
	return err
}

// withoutSlash serves a route under its name with a slash behind it: one that
// reads by sending the client there, as the clients of the API know it, and
// others at once, because many clients send a request elsewhere without its
// body, or not at all.
func (s *Server) withoutSlash(c echo.Context) error {
	r := c.Request()
	bare, slash := strings.CutSuffix(echo.GetPath(r), "/")
	if !slash || bare == "" || path.Clean(bare) != bare { // of two slashes in front the first would be a name's
		return echo.ErrNotFound
	}
	c.SetPath("")
	s.echo.Router().Find(r.Method, bare, c)
	if !s.known[r.Method+" "+c.Path()] {
		return echo.ErrNotFound
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		to := url.URL{Path: strings.TrimSuffix(r.URL.Path, "/"), RawPath: bare, RawQuery: r.URL.RawQuery}
		return c.Redirect(http.StatusMovedPermanently, to.String())
	}
	return c.Handler()(c)
}

// knownRoutes are the routes there are, as method and path.
func knownRoutes(e *echo.Echo) map[string]bool {
	known := map[string]bool{}
	for _, r := range e.Routes() {
		known[r.Method+" "+r.Path] = true
	}
	return known
}
