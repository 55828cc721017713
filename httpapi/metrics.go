package httpapi

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"execd/actors/msg"
)

// metricsRoutes serves what the machine and execd do.
func (s *Server) metricsRoutes() {
	s.echo.GET("/metrics", s.getMetrics)
	s.echo.GET("/metrics/watch", s.watchMetrics)
	s.echo.GET("/metrics/prometheus", s.prometheus)
}

// metricsBody is a sample on the wire. The first five fields are those that
// all clients know.
type metricsBody struct {
	CPUCount  int     `json:"cpu_count"` // whole processors: some clients read an integer
	CPUUsed   float64 `json:"cpu_used_pct"`
	MemTotal  float64 `json:"mem_total_mib"`
	MemUsed   float64 `json:"mem_used_mib"`
	Timestamp int64   `json:"timestamp"` // milliseconds since 1970

	CPULimit   float64  `json:"cpu_limit"` // processors, of which a quota may give a fraction
	MemUsedPct float64  `json:"mem_used_pct"`
	MemTotalGB float64  `json:"mem_total_gb"` // 10^9 bytes
	MemUsedGB  float64  `json:"mem_used_gb"`
	SwapTotal  float64  `json:"swap_total_mib"`
	SwapUsed   float64  `json:"swap_used_mib"`
	DiskTotal  float64  `json:"disk_total_mib"` // of the working directory
	DiskUsed   float64  `json:"disk_used_mib"`
	DiskPct    float64  `json:"disk_used_pct"`
	Load1      float64  `json:"load1"`
	Load5      float64  `json:"load5"`
	Load15     float64  `json:"load15"`
	Uptime     float64  `json:"uptime_s"`
	HostUptime float64  `json:"host_uptime_s"`
	Executions int      `json:"executions"` // running or queued
	Sessions   int      `json:"sessions"`
	Contexts   int      `json:"contexts"`
	Terminals  int      `json:"terminals"`
	Streams    int      `json:"streams"` // being read
	Limited    bool     `json:"limited"` // by a container: host has more
	Host       hostBody `json:"host"`
}

// hostBody is the machine's, which a container may use only a part of.
type hostBody struct {
	CPUCount  int     `json:"cpu_count"`
	CPUUsed   float64 `json:"cpu_used_pct"`
	MemTotal  float64 `json:"mem_total_mib"`
	MemUsed   float64 `json:"mem_used_mib"`
	SwapTotal float64 `json:"swap_total_mib"`
	SwapUsed  float64 `json:"swap_used_mib"`
}

func describeMetrics(m msg.Metrics) metricsBody {
	own, host := m.Own, m.Host
	return metricsBody{
		CPUCount: whole(own.CPUs), CPUUsed: hundredths(own.CPUPercent),
		MemTotal: mib(own.MemTotal), MemUsed: mib(own.MemUsed), Timestamp: m.Time.UnixMilli(),
		CPULimit:   hundredths(own.CPUs),
		MemUsedPct: percent(own.MemUsed, own.MemTotal), MemTotalGB: gb(own.MemTotal), MemUsedGB: gb(own.MemUsed),
		SwapTotal: mib(own.SwapTotal), SwapUsed: mib(own.SwapUsed),
		DiskTotal: mib(m.DiskTotal), DiskUsed: mib(m.DiskUsed), DiskPct: percent(m.DiskUsed, m.DiskTotal),
		Load1: m.Load[0], Load5: m.Load[1], Load15: m.Load[2],
		Uptime: hundredths(m.Uptime.Seconds()), HostUptime: hundredths(m.HostUptime.Seconds()),
		Executions: m.Executions, Sessions: m.Sessions, Contexts: m.Contexts, Terminals: m.Terminals, Streams: m.Streams,
		Limited: m.Limited,
		Host: hostBody{
			CPUCount: whole(host.CPUs), CPUUsed: hundredths(host.CPUPercent),
			MemTotal: mib(host.MemTotal), MemUsed: mib(host.MemUsed),
			SwapTotal: mib(host.SwapTotal), SwapUsed: mib(host.SwapUsed),
		},
	}
}

// whole rounds up: half a processor is one that is not always there.
func whole(cpus float64) int { return max(int(math.Ceil(cpus)), 1) }

func hundredths(f float64) float64 { return math.Round(f*100) / 100 }

func mib(bytes uint64) float64 { return hundredths(float64(bytes) / (1 << 20)) }

func gb(bytes uint64) float64 { return hundredths(float64(bytes) / 1e9) }

func percent(part, all uint64) float64 {
	if all == 0 {
		return 0
	}
	return hundredths(float64(part) / float64(all) * 100)
}

// getMetrics answers with the newest sample, or with execd's own counters for
// a client that asks for Prometheus's text.
func (s *Server) getMetrics(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderVary, echo.HeaderAccept)
	if prefersText(c.Request().Header.Values(echo.HeaderAccept)) {
		return s.prometheus(c)
	}
	body, err := s.newest.get(c.Request().Context(), s.config.Supervisor)
	if err != nil {
		return err
	}
	return c.JSONBlob(http.StatusOK, body)
}

// newest is the newest sample as it is answered with: encoded once, and found
// without asking an actor, so that it costs no more than saying nothing. All
// methods may be called from any goroutine.
type newest struct {
	mu   sync.Mutex
	feed *msg.Feed // of the standard interval, which lives as long as the tree; nil before the first request
	time time.Time // of the sample in body
	body []byte    // replaced, and never changed
}

// get waits only for the first sample of all.
func (n *newest) get(ctx context.Context, tree msg.Supervisor) ([]byte, error) {
	select {
	case <-tree.Done():
		return nil, msg.ErrStopped
	default:
	}
	n.mu.Lock()
	feed := n.feed
	n.mu.Unlock()
	if feed == nil {
		if _, err := msg.Ask(ctx, tree, msg.GetMetrics{Reply: msg.NewReply[msg.Metrics]()}); err != nil {
			return nil, err
		}
		var err error
		if feed, err = msg.Ask(ctx, tree, msg.WatchMetrics{Reply: msg.NewReply[*msg.Feed](), Interval: msg.MetricsInterval}); err != nil {
			return nil, err
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.feed = feed
	sample, _ := feed.Latest()
	if !sample.Time.Equal(n.time) {
		body, err := json.Marshal(describeMetrics(sample))
		if err != nil {
			return nil, err //nolint:wrapcheck // numbers only, none of which can be infinite
		}
		n.time, n.body = sample.Time, body
	}
	return n.body, nil
}

func (s *Server) latest(c echo.Context) (msg.Metrics, error) {
	return msg.Ask(c.Request().Context(), s.config.Supervisor, msg.GetMetrics{Reply: msg.NewReply[msg.Metrics]()})
}

// watchMetrics streams samples. The connection leaves net/http, whose buffers
// and goroutines would be most of what a reader costs, for the broadcast of
// its interval.
func (s *Server) watchMetrics(c echo.Context) error {
	interval, err := readInterval(c.QueryParam("interval_ms"))
	if err != nil {
		return err
	}
	if _, err := s.latest(c); err != nil {
		return err // there would be none to watch either
	}
	// The answer has to be waited for, or nobody would leave the feed.
	ctx := context.WithoutCancel(c.Request().Context())
	feed, err := msg.Ask(ctx, s.config.Supervisor, msg.WatchMetrics{
		Reply: msg.NewReply[*msg.Feed](), Interval: interval, Phase: s.broadcasts.phase(interval),
	})
	if err != nil {
		return err
	}
	if err := s.streams.take(); err != nil {
		feed.Leave()
		return err
	}
	v, err := s.hijack(c)
	if err != nil {
		s.streams.give()
		feed.Leave()
		return err
	}
	s.broadcasts.join(feed, v)
	return nil
}

func readInterval(value string) (time.Duration, error) {
	if value == "" {
		return msg.MetricsInterval, nil
	}
	n, err := strconv.ParseInt(value, 10, 32)
	if err != nil {
		return 0, badRequest("interval_ms must be a number of milliseconds, got %q", value)
	}
	interval := time.Duration(n) * time.Millisecond
	if interval < msg.MetricsGrid {
		return interval, nil // which is refused, and not made longer
	}
	return (interval + msg.MetricsGrid - 1).Truncate(msg.MetricsGrid), nil
}
