package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// scrape reads what Prometheus would, with its own parser, which takes no text that is malformed.
func (d *daemon) scrape(tb testing.TB, path string, h ...string) map[string]*dto.MetricFamily {
	tb.Helper()
	a := d.ok(tb, http.MethodGet, path, nil, h...)
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(a.body))
	if err != nil {
		tb.Fatalf("%s: %v", path, err)
	}
	return families
}

// total adds up a family's values whose labels have what is wanted, as name=value.
func total(f *dto.MetricFamily, labels ...string) (sum float64, found bool) {
	for _, m := range f.GetMetric() {
		var has []string
		for _, l := range m.GetLabel() {
			has = append(has, l.GetName()+"="+l.GetValue())
		}
		text := "," + strings.Join(has, ",") + ","
		fits := true
		for _, want := range labels {
			fits = fits && strings.Contains(text, ","+want+",")
		}
		if fits {
			found = true
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return sum, found
}

// Everything that somebody who watches execd asks for is there, under a name, with help and a type, by either address.
func TestMetrics_PrometheusFamilies(t *testing.T) {
	t.Parallel()
	d := start(t, small...)
	id := d.background(t, "seq 300000") // evicts
	eventually(t, "its end", func() bool { return !d.status(t, id).Running })
	d.attach(t, d.background(t, "echo hi; sleep 600"), 0).untilText(t, "hi")
	d.command(t, "exit 3")
	d.call(t, http.MethodGet, "/no/such/path", nil)
	for _, want := range []struct {
		name   string
		kind   dto.MetricType
		labels []string
		least  float64
	}{
		{"execd_http_requests_total", dto.MetricType_COUNTER, []string{"method=POST", "route=/command", "status=200"}, 3},
		{"execd_http_requests_total", dto.MetricType_COUNTER, []string{"route=unknown", "status=404"}, 1},
		{"execd_http_request_duration_seconds", dto.MetricType_HISTOGRAM, []string{"route=/command"}, 3},
		{"execd_streams", dto.MetricType_GAUGE, nil, 1},
		{"execd_streams_total", dto.MetricType_COUNTER, nil, 2},
		{"execd_relayed_events_total", dto.MetricType_COUNTER, nil, 2},
		{"execd_relayed_bytes_total", dto.MetricType_COUNTER, nil, 100},
		{"execd_reader_lag_bytes", dto.MetricType_GAUGE, nil, 0},
		{"execd_reader_lag_bytes_sum", dto.MetricType_GAUGE, nil, 0},
		{"execd_log_memory_bytes", dto.MetricType_GAUGE, nil, 1},
		{"execd_log_disk_bytes", dto.MetricType_GAUGE, nil, 1},
		{"execd_log_evicted_bytes_total", dto.MetricType_COUNTER, nil, 1},
		{"execd_actor_failures_total", dto.MetricType_COUNTER, []string{"actor=metrics", "verdict=restarted"}, 0},
		{"execd_dead_letters_total", dto.MetricType_COUNTER, nil, 0},
		{"execd_executions_begun_total", dto.MetricType_COUNTER, []string{"kind=background"}, 2},
		{"execd_executions_total", dto.MetricType_COUNTER, []string{"kind=command", "outcome=failure"}, 1},
		{"execd_execution_duration_seconds", dto.MetricType_HISTOGRAM, []string{"kind=background"}, 1},
		{"execd_executions_running", dto.MetricType_GAUGE, nil, 1},
		{"execd_executions_retained", dto.MetricType_GAUGE, nil, 2},
		{"execd_kernel_start_seconds", dto.MetricType_HISTOGRAM, []string{"outcome=success"}, 0},
		{"execd_sampler_age_seconds", dto.MetricType_GAUGE, nil, 0},
		{"execd_metrics_watchers", dto.MetricType_GAUGE, nil, 0},
		{"process_resident_memory_bytes", dto.MetricType_GAUGE, nil, 1},
		{"go_goroutines", dto.MetricType_GAUGE, nil, 1},
	} {
		eventually(t, want.name, func() bool {
			f := d.scrape(t, "/metrics/prometheus")[want.name]
			sum, found := total(f, want.labels...)
			return found && sum >= want.least && f.GetType() == want.kind && f.GetHelp() != ""
		})
	}
	if f := d.scrape(t, "/metrics", "Accept", "text/plain")["execd_streams_total"]; f == nil {
		t.Error("/metrics has other families for who asks for text")
	}
}

// How long kernels take to start, and cells to run.
func TestMetrics_PrometheusKernels(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t)
	d.code(t, "1")
	eventually(t, "the cell and its kernel", func() bool {
		families := d.scrape(t, "/metrics/prometheus")
		starts, _ := total(families["execd_kernel_start_seconds"], "outcome=success")
		cells, _ := total(families["execd_execution_duration_seconds"], "kind=code")
		return starts >= 1 && cells == 1
	})
}
