package httpapi

import (
	"maps"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"execd/actors/event"
)

// stats counts what the HTTP side does. All methods may be called from any
// goroutine.
type stats struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	streams  prometheus.Counter
	events   prometheus.Counter
	bytes    prometheus.Counter

	answers atomic.Pointer[map[answer]answerCounters] // never changed: to look labels up costs more than to count

	mu      sync.Mutex                 // of what follows, and of who replaces answers
	reading map[*event.Cursor]struct{} // of the streams that go on
}

// requestBuckets go from the answer of a ping to that of a kernel that
// starts; what takes longer is a stream.
var requestBuckets = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}

func newStats(r prometheus.Registerer) *stats {
	st := &stats{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "execd_http_requests_total", Help: "Requests answered, by method, route and status.",
		}, []string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "execd_http_request_duration_seconds", Help: "Time until a request was answered, by route; a stream is answered at its end.",
			Buckets: requestBuckets,
		}, []string{"route"}),
		streams: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "execd_streams_total", Help: "Streams of events that were begun.",
		}),
		events: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "execd_relayed_events_total", Help: "Events of executions that were written to readers.",
		}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "execd_relayed_bytes_total", Help: "Bytes of event streams that were written to readers.",
		}),
		reading: map[*event.Cursor]struct{}{},
	}
	st.answers.Store(&map[answer]answerCounters{})
	r.MustRegister(st.requests, st.seconds, st.streams, st.events, st.bytes, lag{st})
	return st
}

// answer is a kind of answer that is counted for itself.
type answer struct {
	method, route string
	status        int
}

type answerCounters struct {
	requests prometheus.Counter
	seconds  prometheus.Observer
}

// answered counts a request. The route is the template, not the path: there
// are as many paths as executions.
func (st *stats) answered(c echo.Context, took time.Duration) {
	kind := answer{methodOf(c.Request().Method), routeOf(c), c.Response().Status}
	counters, ok := (*st.answers.Load())[kind]
	if !ok {
		counters = st.countersOf(kind)
	}
	counters.requests.Inc()
	counters.seconds.Observe(took.Seconds())
}

// countersOf are those of a kind that has not been there before.
func (st *stats) countersOf(kind answer) answerCounters {
	st.mu.Lock()
	defer st.mu.Unlock()
	all := maps.Clone(*st.answers.Load())
	all[kind] = answerCounters{
		requests: st.requests.WithLabelValues(kind.method, kind.route, strconv.Itoa(kind.status)),
		seconds:  st.seconds.WithLabelValues(kind.route),
	}
	st.answers.Store(&all)
	return all[kind]
}

// routeOf is the template of the path that a request is for.
func routeOf(c echo.Context) string {
	route := c.Path()
	if isProxied(c.Request()) {
		return proxyPrefix + ":port"
	}
	if route == "" || strings.HasSuffix(route, "*") {
		return "unknown"
	}
	return route
}

// methodOf bounds what a client can make us count separately.
func methodOf(method string) string {
	switch method {
	case "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS":
		return method
	}
	return "other"
}

// follow counts a stream from its beginning to its end.
func (st *stats) follow(cursor *event.Cursor) (end func()) {
	st.streams.Inc()
	st.mu.Lock()
	st.reading[cursor] = struct{}{}
	st.mu.Unlock()
	return func() {
		st.mu.Lock()
		delete(st.reading, cursor)
		st.mu.Unlock()
	}
}

// relayed counts what was written to a reader.
func (st *stats) relayed(events, bytes int) {
	st.events.Add(float64(events))
	st.bytes.Add(float64(bytes))
}

// lag measures when it is asked how far readers are behind their logs.
type lag struct{ stats *stats }

var (
	lagStreams = prometheus.NewDesc("execd_streams", "Streams of events that go on.", nil, nil)
	lagMost    = prometheus.NewDesc("execd_reader_lag_bytes", "How far the slowest reader is behind the newest event of its log.", nil, nil)
	lagAll     = prometheus.NewDesc("execd_reader_lag_bytes_sum", "How far all readers together are behind.", nil, nil)
)

// Describe implements prometheus.Collector.
func (lag) Describe(to chan<- *prometheus.Desc) { to <- lagStreams; to <- lagMost; to <- lagAll }

// Collect implements prometheus.Collector.
func (l lag) Collect(to chan<- prometheus.Metric) {
	var most, all int64
	l.stats.mu.Lock()
	n := len(l.stats.reading)
	for cursor := range l.stats.reading {
		behind := cursor.Behind()
		most, all = max(most, behind), all+behind
	}
	l.stats.mu.Unlock()
	for desc, v := range map[*prometheus.Desc]int64{lagStreams: int64(n), lagMost: most, lagAll: all} {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(v))
	}
}
