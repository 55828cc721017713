package httpapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"path/filepath"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"execd/actors/msg"
)

// Config is what the HTTP side needs. Zero limits take their defaults.
type Config struct {
	Supervisor     msg.Supervisor
	Log            zerolog.Logger
	Token          string                 // guards every path when set
	AllowedOrigins []string               // web origins beside our own; "*" allows all
	Framing        string                 // "", "sse" or "json": forces one for all clients
	Collectors     []prometheus.Collector // what others count, for /metrics/prometheus
	Profiles       bool                   // serve /debug/pprof/
	Tracer         trace.Tracer           // of OpenTelemetry; nil traces nothing
	Meter          metric.Meter           // likewise; nil counts nothing for it
	NoConsole      bool                   // do not serve the page for people at /ui

	SpoolDir   string // for uploaded bytes whose place is not known yet; "" is the system's directory
	UploadDir  string // for what has come of resumable uploads, across restarts; "" is in the system's directory
	MaxBody    int64  // bytes of a JSON request
	MaxUpload  int64  // bytes of a request with files
	MaxHeader  int64  // bytes of a request's header
	MaxStreams int    // responses that stream or wait at once

	Sprint func(on bool) // told when one client begins and ends to have one short run after the other; may be nil

	HeaderTimeout time.Duration // for a request's header
	BodyTimeout   time.Duration // for a body that stalls, or trickles in
	Heartbeat     time.Duration // silence before a ping
	WriteTimeout  time.Duration // of one write to one client
}

const (
	defaultMaxBody      = 32 << 20         // a large notebook cell, many times over
	defaultMaxUpload    = 1 << 40          // more than a sandbox's disk
	defaultHeartbeat    = 3 * time.Second  // what the API's clients expect
	defaultWriteTimeout = 30 * time.Second // a client that takes nothing for so long is gone

	defaultMaxHeader     = 64 << 10
	defaultMaxStreams    = 10_000
	defaultHeaderTimeout = 10 * time.Second
	defaultBodyTimeout   = 30 * time.Second

	idleTimeout = 2 * time.Minute

	// streamBuffer is the kernel's send buffer for a stream. The default
	// grows to megabytes for a reader that has stalled; 64 KiB carry a
	// segment of the log and cost a stalled reader some 200 KiB.
	streamBuffer = 64 << 10
)

func (c Config) withDefaults() Config {
	c.UploadDir = cmp.Or(c.UploadDir, filepath.Join(os.TempDir(), "uploads-execd"))
	c.MaxBody = cmp.Or(c.MaxBody, defaultMaxBody)
	c.MaxUpload = cmp.Or(c.MaxUpload, defaultMaxUpload)
	c.MaxHeader = cmp.Or(c.MaxHeader, defaultMaxHeader)
	c.MaxStreams = cmp.Or(c.MaxStreams, defaultMaxStreams)
	c.HeaderTimeout = cmp.Or(c.HeaderTimeout, defaultHeaderTimeout)
	c.BodyTimeout = cmp.Or(c.BodyTimeout, defaultBodyTimeout)
	c.Heartbeat = cmp.Or(c.Heartbeat, defaultHeartbeat)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, defaultWriteTimeout)
	return c
}

// errServerClosing is why the context of a request ends with the server.
var errServerClosing = errors.New("execd is shutting down")

// Server serves the API. It is made by New and used once.
type Server struct {
	config Config
	echo   *echo.Echo
	http   *http.Server
	base   context.Context //nolint:containedctx // of all requests: it ends with the server
	close  context.CancelCauseFunc

	registry   *prometheus.Registry
	stats      *stats
	observed   *observed
	newest     newest
	broadcasts *broadcasts
	resumable  *resumable
	reverse    *httputil.ReverseProxy
	streams    *places
	sprint     sprint
	readers    readers
	known      map[string]bool // "METHOD /path" of each route
}

// New returns a server with all routes.
func New(config Config) *Server {
	base, cancel := context.WithCancelCause(context.Background())
	s := &Server{config: config.withDefaults(), echo: echo.New(), base: base, close: cancel}
	s.sprint.changed = config.Sprint
	s.resumable = newResumable(s)
	s.reverse = s.newProxy()
	s.registry = newRegistry(config.Collectors)
	s.stats = newStats(s.registry)
	var err error
	if s.observed, err = newObserved(s.config); err != nil {
		s.config.Log.Warn().Err(err).Msg("some metrics are not sent")
		s.observed = &observed{tracer: s.config.Tracer}
	}
	s.streams = &places{most: int64(s.config.MaxStreams)}
	s.broadcasts = newBroadcasts(s.config.WriteTimeout, s.streams)
	s.echo.HideBanner, s.echo.HidePort = true, true
	s.echo.IPExtractor = echo.ExtractIPDirect()
	s.echo.HTTPErrorHandler = s.fail
	s.echo.JSONSerializer = answers{server: s}
	s.echo.Pre(s.admit)
	s.routes()
	s.profiles()
	s.known = knownRoutes(s.echo)
	s.http = &http.Server{
		Handler:           s.echo,
		ReadHeaderTimeout: s.config.HeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    int(s.config.MaxHeader) + headerSlack,
		BaseContext:       func(net.Listener) context.Context { return base },
		ConnContext:       withConn,
		ErrorLog:          newErrorLog(config.Log),
	}
	return s
}

// Handler returns the routes and what guards them, for tests.
func (s *Server) Handler() http.Handler { return s.echo }

// Routes lists the methods and paths that are served, in Echo's notation.
func (s *Server) Routes() []*echo.Route { return s.echo.Routes() }

// Serve answers on l until Shutdown.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.Serve(eagerListener{l, &s.sprint}); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// Shutdown stops accepting and returns when every request has been answered,
// or ctx is over. Streams whose logs have ended get all of them; a stream
// whose log still goes on when ctx is over ends with an error event.
func (s *Server) Shutdown(ctx context.Context) error {
	defer s.close(errServerClosing)
	s.broadcasts.close()
	if t, ok := s.reverse.Transport.(*http.Transport); ok {
		defer t.CloseIdleConnections()
	}
	if s.http.Shutdown(ctx) == nil && s.readers.wait(ctx) == nil {
		return nil
	}
	s.close(errServerClosing)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	if err := errors.Join(s.http.Shutdown(last), s.readers.wait(last)); err != nil {
		_ = s.http.Close() // whoever is left does not read
		s.readers.cut()
		return fmt.Errorf("shut down: %w", err)
	}
	return nil
}

// lastWords is how long streams have to tell that the server ends, also on a
// machine with nothing to spare. It is waited for where somebody does not read.
const lastWords = 500 * time.Millisecond

type connKey struct{}

// withConn lets a stream find its connection, to shrink its send buffer.
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// setSendBuffer sets the kernel's send buffer of the request's connection.
func setSendBuffer(ctx context.Context, bytes int) {
	shrink(ctx.Value(connKey{}), bytes)
}

// shrink sets the kernel's send buffer of a connection, or of the one that is
// below its TLS.
func shrink(conn any, bytes int) {
	if c, ok := bare(conn).(interface{ SetWriteBuffer(bytes int) error }); ok {
		_ = c.SetWriteBuffer(bytes) // only a hint to the kernel
	}
}

// bare is a connection, or the one that is below its TLS.
func bare(conn any) any {
	if c, ok := conn.(interface{ NetConn() net.Conn }); ok {
		return c.NetConn()
	}
	return conn
}
