package httpapi

import (
	"net/http"
	"strings"

	"execd/actors/event"
)

const (
	mimeSSE    = "text/event-stream"
	mimeNDJSON = "application/x-ndjson"
)

// framing is how the client of r reads a stream: standard SSE, unless it says
// otherwise, or is one of the SDKs that read every line as JSON.
func (s *Server) framing(r *http.Request) event.Framing {
	switch {
	case s.config.Framing == "sse":
		return event.SSE
	case s.config.Framing == "json":
		return event.Bare
	case strings.Contains(r.Header.Get("Accept"), mimeNDJSON):
		return event.NDJSON
	case strings.HasPrefix(r.UserAgent(), "OpenSandbox-"):
		return event.Bare
	}
	return event.SSE
}

func mimeOf(f event.Framing) string {
	if f == event.NDJSON {
		return mimeNDJSON
	}
	return mimeSSE
}
