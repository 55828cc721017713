package e2e_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector receives OTLP over HTTP as an OpenTelemetry collector does, with the protocol buffers that OpenTelemetry
// publishes. A request is a MetricsData or TracesData: its fields are those of the service's request.
type collector struct {
	url string

	mu       sync.Mutex
	status   []int // of the next answers; 200 after these
	requests []http.Header
	paths    []string
	metrics  []*metricspb.ResourceMetrics
	traces   []*tracepb.ResourceSpans
}

// startCollector listens on a free port, or where it is told to.
func startCollector(tb testing.TB, address string, status ...int) *collector {
	tb.Helper()
	c := &collector{status: status}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := c.receive(w, r); err != nil {
			tb.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	}))
	if address != "" {
		l, err := net.Listen("tcp4", address)
		must(tb, err)
		_ = server.Listener.Close() // in its place
		server.Listener = l
	}
	server.Start()
	tb.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func (c *collector) receive(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if r.Header.Get("Content-Encoding") == "gzip" {
		plain, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return err
		}
		if body, err = io.ReadAll(plain); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests, c.paths = append(c.requests, r.Header), append(c.paths, r.URL.Path)
	if len(c.status) > 0 {
		status := c.status[0]
		c.status = c.status[1:]
		w.WriteHeader(status)
		return nil
	}
	w.Header().Set("Content-Type", "application/x-protobuf") // and an empty message
	if strings.HasSuffix(r.URL.Path, "/traces") {
		var data tracepb.TracesData
		if err := strictly(body, &data); err != nil {
			return err
		}
		c.traces = append(c.traces, data.ResourceSpans...)
		return nil
	}
	var data metricspb.MetricsData
	if err := strictly(body, &data); err != nil {
		return err
	}
	c.metrics = append(c.metrics, data.ResourceMetrics...)
	return nil
}

// strictly decodes what has no field that the schema does not know.
func strictly(body []byte, m proto.Message) error {
	known := m.ProtoReflect().New().Interface()
	if err := errors.Join(proto.Unmarshal(body, m), proto.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(body, known)); err != nil {
		return err
	}
	if !proto.Equal(m, known) {
		return errors.New("it has fields that the schema has not")
	}
	return nil
}

// attributesOf are the values of attributes by name, as text.
func attributesOf(list []*commonpb.KeyValue) map[string]string {
	all := map[string]string{}
	for _, kv := range list {
		switch v := kv.Value.Value.(type) {
		case *commonpb.AnyValue_StringValue:
			all[kv.Key] = v.StringValue
		default:
			all[kv.Key] = strings.TrimSpace(strings.SplitAfterN(kv.Value.String(), ":", 2)[1])
		}
	}
	return all
}

// point is one of a metric, whatever its kind.
type point struct {
	kind       string
	unit       string
	attributes map[string]string
	value      float64 // the count of a histogram
}

// points are the newest of each metric by name.
func (c *collector) points() map[string][]point {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string][]point{}
	for _, r := range c.metrics {
		for _, s := range r.ScopeMetrics {
			for _, m := range s.Metrics {
				all[m.Name] = pointsOf(m)
			}
		}
	}
	return all
}

func pointsOf(m *metricspb.Metric) (all []point) {
	kind, numbers := "gauge", m.GetGauge().GetDataPoints()
	if sum := m.GetSum(); sum != nil {
		kind, numbers = "sum", sum.DataPoints
	}
	for _, p := range numbers {
		all = append(all, point{kind, m.Unit, attributesOf(p.Attributes), float64(p.GetAsInt()) + p.GetAsDouble()})
	}
	for _, p := range m.GetHistogram().GetDataPoints() {
		all = append(all, point{"histogram", m.Unit, attributesOf(p.Attributes), float64(p.Count)})
	}
	return all
}

// spans are all that have come, by name.
func (c *collector) spans() map[string][]*tracepb.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string][]*tracepb.Span{}
	for _, r := range c.traces {
		for _, s := range r.ScopeSpans {
			for _, span := range s.Spans {
				all[span.Name] = append(all[span.Name], span)
			}
		}
	}
	return all
}
