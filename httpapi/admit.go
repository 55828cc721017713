package httpapi

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/trace"

	"execd/actors/msg"
)

// The headers of the API that are not HTTP's own.
const (
	headerToken     = "X-Execd-Access-Token" //nolint:gosec // the header's name, not a token
	headerRequestID = "X-Request-Id"
)

// admit surrounds every request: it gives it an id, lets it in or not, keeps
// the daemon alive through a panic, and logs one line.
func (s *Server) admit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		start := time.Now()
		r, w := c.Request(), c.Response()
		s.sprint.enter(r)
		id := requestID(first(r.Header, headerRequestID))
		w.Header()[headerRequestID] = []string{id}
		span := s.observed.begin(c)
		r = c.Request()
		defer func() { // also when the connection is cut, which is a panic
			if w.Size == 0 { // cheaper to ask than for one who has attached
				if a, ok := c.Get(attachedKey).(*attached); ok {
					go a.run(s.remembered(c), func(c echo.Context) { s.answered(c, span, id, start) })
					return
				}
			}
			s.answered(c, span, id, start)
		}()
		defer func() {
			if reason := recover(); reason != nil {
				err = s.recovered(c, reason)
			}
			if err != nil {
				s.fail(err, c)
				err = nil
			}
		}()
		if err := s.guard(r); err != nil {
			return err
		}
		if err := s.limitHeader(r); err != nil {
			return err
		}
		s.hurryBody(c)
		if isProxied(r) { // any method, so it is no route
			return s.proxy(c)
		}
		return s.route(c, next)
	}
}

// first is the first value of a header, whose name is written as net/http
// does: Header.Get looks at each letter of it, for every request.
func first(h http.Header, name string) string {
	if values := h[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// answered tells of a request at its end.
func (s *Server) answered(c echo.Context, span trace.Span, id string, start time.Time) {
	took := time.Since(start)
	s.sprint.leave(c.Request(), took)
	s.stats.answered(c, took)
	s.observed.answered(c, took)
	s.observed.end(c, span)
	s.logRequest(c, id, took)
}

// recovered turns a panic into an error, with its stack in the log. The one
// panic that net/http means to see goes on.
func (s *Server) recovered(c echo.Context, reason any) error {
	if reason == http.ErrAbortHandler { //nolint:errorlint // net/http compares it, and so do we
		panic(reason)
	}
	s.about(c).Error().Str("path", c.Path()).Str("panic", fmt.Sprint(reason)).Bytes("stack", debug.Stack()).Msg("handler panicked")
	return msg.ErrCrashed
}

// guard checks the token, or without one that no foreign web page asks.
func (s *Server) guard(r *http.Request) error {
	if s.config.Token != "" {
		if s.isConsole(r) {
			return nil
		}
		got, want := sha256.Sum256([]byte(presentedToken(r))), sha256.Sum256([]byte(s.config.Token))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			return errToken
		}
		return nil // a page that knows the token may ask
	}
	if s.foreign(r) {
		return errOrigin
	}
	return nil
}

var (
	errToken  = &msg.Error{Code: msg.Unauthorized, Message: "invalid or missing header X-EXECD-ACCESS-TOKEN"}
	errOrigin = &msg.Error{Code: msg.ForeignOrigin, Message: "requests from this web origin are not allowed; see --allowed-origins"}
)

// foreign reports whether a browser sends the request for a page that is not
// ours (Fetch standard, Origin and Sec-Fetch-Site). A page whose own name was
// made to point here (DNS rebinding) has that name in Host: only an address
// or localhost is ours.
func (s *Server) foreign(r *http.Request) bool {
	origin := first(r.Header, "Origin")
	if origin != "" && s.allowed(origin) {
		return false
	}
	site := first(r.Header, "Sec-Fetch-Site")
	if isProxied(r) {
		return foreignToProxied(r, origin, site)
	}
	if origin == "" {
		return site == "cross-site" || site == "same-site" || (site == "same-origin" && !s.ownHost(r.Host))
	}
	u, err := url.Parse(origin)
	return err != nil || u.Host != r.Host || !local(r.Host)
}

// ownHost reports whether host is a name that a page of ours may have.
func (s *Server) ownHost(host string) bool {
	return local(host) || s.allowed("http://"+host) || s.allowed("https://"+host)
}

// allowed reports whether the configuration names a web origin.
func (s *Server) allowed(origin string) bool {
	return slices.Contains(s.config.AllowedOrigins, origin) || slices.Contains(s.config.AllowedOrigins, "*")
}

// foreignToProxied is foreign for what is not execd's own: its pages may be
// served under any name, and may be linked to.
func foreignToProxied(r *http.Request, origin, site string) bool {
	if origin == "" {
		return (site == "cross-site" || site == "same-site") && r.Header.Get("Sec-Fetch-Mode") != "navigate"
	}
	u, err := url.Parse(origin)
	return err != nil || u.Host != r.Host
}

// local reports whether host, with or without a port, is an address or
// localhost.
func local(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.Trim(name, "[]")
	_, err := netip.ParseAddr(name)
	return err == nil || name == "localhost"
}

// logRequest writes the line of a request; a probe is no news, and a file of
// the console neither.
func (s *Server) logRequest(c echo.Context, id string, took time.Duration) {
	level := zerolog.InfoLevel
	if p := c.Path(); isProbe(p) || strings.HasPrefix(p, consolePath) {
		level = zerolog.DebugLevel
	}
	line := s.config.Log.WithLevel(level)
	if level < s.config.Log.GetLevel() || !line.Enabled() {
		return
	}
	r := c.Request()
	line.Str(fieldRequest, id).
		Str("method", r.Method).
		Str("path", r.URL.Path).
		Int("status", c.Response().Status).
		Int64("bytes", c.Response().Size).
		Dur("ms", took).
		Str("remote", r.RemoteAddr).
		Str("agent", first(r.Header, "User-Agent")).
		Str(fieldExecution, first(c.Response().Header(), headerExecution)).
		Msg("request")
}
