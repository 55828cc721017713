package httpapi

import (
	"mime"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// newRegistry returns where all counters are: of the HTTP side, of the Go
// runtime and process, and what others bring.
func newRegistry(others []prometheus.Collector) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	r.MustRegister(others...)
	return r
}

// prometheus answers with the counters in Prometheus's text format, or in
// OpenMetrics where the client prefers that.
func (s *Server) prometheus(c echo.Context) error {
	promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{EnableOpenMetrics: true}).ServeHTTP(c.Response(), c.Request())
	return nil
}

// prefersText reports whether a client asks for the text of Prometheus by
// name (RFC 9110, section 12.5.1). One that takes JSON as gladly gets JSON:
// HTTP libraries for JavaScript ask for "application/json, text/plain, */*".
func prefersText(accept []string) bool {
	var text, object float64
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		kind, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		q := 1.0
		if v, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(v, 64); err != nil {
				q = 0
			}
		}
		switch kind {
		case "text/plain", "application/openmetrics-text":
			text = max(text, q)
		case "application/json", "application/*":
			object = max(object, q)
		}
	}
	return text > object
}
