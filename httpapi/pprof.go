package httpapi

import (
	"net/http"
	"net/http/pprof"

	"github.com/labstack/echo/v4"
)

// profiles serves what go tool pprof reads, where a person has asked for it:
// a profile of a running daemon says where its time and memory go. The token
// guards it as it guards everything.
func (s *Server) profiles() {
	if !s.config.Profiles {
		return
	}
	for path, handler := range map[string]http.HandlerFunc{
		"/debug/pprof/*":       pprof.Index, // and heap, goroutine, mutex, ... by name
		"/debug/pprof/cmdline": pprof.Cmdline,
		"/debug/pprof/profile": pprof.Profile,
		"/debug/pprof/symbol":  pprof.Symbol,
		"/debug/pprof/trace":   pprof.Trace,
	} {
		s.echo.GET(path, echo.WrapHandler(handler))
	}
}
