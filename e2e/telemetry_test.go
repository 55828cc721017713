package e2e_test

import (
	"encoding/hex"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// soon has telemetry sent as soon as there is some.
var soon = []string{"OTEL_METRIC_EXPORT_INTERVAL=100", "OTEL_BSP_SCHEDULE_DELAY=50"}

// The contract's metrics, with its names, kinds, units and attributes; who sends them; and the headers that were asked for.
func TestTelemetry_Metrics(t *testing.T) {
	t.Parallel()
	c := startCollector(t, "")
	d := startWith(t, append(soon, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT="+c.url+"/custom", "OTEL_EXPORTER_OTLP_COMPRESSION=gzip",
		"OTEL_EXPORTER_OTLP_HEADERS=x-key=over%20written,x-all=1", "OTEL_EXPORTER_OTLP_METRICS_HEADERS=x-key=a%20b",
		"OPENSANDBOX_ID=box", "OPENSANDBOX_EXECD_METRICS_EXTRA_ATTRS=team=red,zone=z1", "OTEL_RESOURCE_ATTRIBUTES=place=here"))
	d.command(t, "true")
	d.command(t, "exit 3")
	d.newSession(t, nil).run(t, "true")
	d.ok(t, http.MethodGet, "/files/info?path="+d.dir, nil)
	d.call(t, http.MethodGet, "/files/info?path=/no/such", nil)
	shared := map[string]string{"sandbox_id": "box", "team": "red", "zone": "z1"}
	for _, w := range []struct {
		name, kind, unit string
		attributes       map[string]string
	}{
		{"execd.http.request.duration", "histogram", "ms",
			map[string]string{"http_method": "POST", "http_route": "/session/:id/run", "http_status_code": "200"}},
		{"execd.http.request.duration", "histogram", "ms",
			map[string]string{"http_method": "GET", "http_route": "/files/info", "http_status_code": "404"}},
		{"execd.execution.duration", "histogram", "ms", map[string]string{"operation": "run_command", "result": "success"}},
		{"execd.execution.duration", "histogram", "ms", map[string]string{"operation": "run_command", "result": "failure"}},
		{"execd.execution.duration", "histogram", "ms", map[string]string{"operation": "run_in_session", "result": "success"}},
		{"execd.filesystem.operations.duration", "histogram", "ms", map[string]string{"operation": "info", "result": "success"}},
		{"execd.filesystem.operations.duration", "histogram", "ms", map[string]string{"operation": "info", "result": "failure"}},
		{"execd.system.process.count", "gauge", "", nil},
		{"execd.system.cpu.usage", "gauge", "%", nil},
		{"execd.system.memory.usage_bytes", "gauge", "By", nil},
		{"execd.system.network.io.bytes", "sum", "By", map[string]string{"direction": "in"}},
		{"execd.system.network.io.bytes", "sum", "By", map[string]string{"direction": "out"}},
		{"execd.system.network.connections.active", "gauge", "", map[string]string{"protocol": "tcp"}},
		{"execd.system.network.connections.active", "gauge", "", map[string]string{"protocol": "udp"}},
	} {
		want := maps.Clone(shared)
		maps.Copy(want, w.attributes)
		eventually(t, w.name, func() bool {
			return slices.ContainsFunc(c.points()[w.name], func(p point) bool {
				known := p.kind == w.kind && p.unit == w.unit && maps.Equal(p.attributes, want)
				return known && (p.value >= 1 || strings.HasPrefix(w.name, "execd.system.n") || strings.HasSuffix(w.name, "cpu.usage"))
			})
		})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	who := attributesOf(c.metrics[0].Resource.Attributes)
	name := who["service.name"]
	if !strings.HasPrefix(name, "opensandbox-execd-") || who["sandbox_id"] != "box" || who["team"] != "red" || who["place"] != "here" {
		t.Errorf("they are sent by %v", who)
	}
	if scope := c.metrics[0].ScopeMetrics[0].Scope.Name; scope != "opensandbox/execd" {
		t.Errorf("they are of %q", scope)
	}
	h := c.requests[0]
	sent := []string{h.Get("X-Key"), h.Get("X-All"), h.Get("Content-Type"), h.Get("Content-Encoding")}
	if !slices.Equal(sent, []string{"a b", "1", "application/x-protobuf", "gzip"}) {
		t.Errorf("the headers are %v", h)
	}
	if c.paths[0] != "/custom" {
		t.Errorf("metrics go to %s", c.paths[0])
	}
}

// What the environment turns on, and off, and what of it cannot be: then execd works all the same, and says so.
func TestTelemetry_Switches(t *testing.T) {
	t.Parallel()
	for _, w := range []struct {
		name            string
		env             []string // URL stands for the collector's
		metrics, traces bool
		warning         string
	}{
		{"nothing", nil, false, false, ""},
		{"all", []string{"OTEL_EXPORTER_OTLP_ENDPOINT=URL/"}, true, true, ""},
		{"metrics", []string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=URL/v1/metrics"}, true, false, ""},
		{"traces", []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=URL/v1/traces"}, false, true, ""},
		{"disabled", []string{"OTEL_EXPORTER_OTLP_ENDPOINT=URL", "OTEL_SDK_DISABLED=true"}, false, false, ""},
		{"one exporter off", []string{"OTEL_EXPORTER_OTLP_ENDPOINT=URL", "OTEL_TRACES_EXPORTER=none"}, true, false, ""},
		{"never sampled", []string{"OTEL_EXPORTER_OTLP_ENDPOINT=URL", "OTEL_TRACES_SAMPLER=always_off"}, true, false, ""},
		{"no URL", []string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=nonsense", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=URL/v1/traces"},
			false, true, "no http:// or https:// URL"},
		{"other protocol", []string{"OTEL_EXPORTER_OTLP_ENDPOINT=URL", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL=grpc"}, false, true, "is not spoken"},
		{"no address", []string{"HOST_IP=no-address"}, false, false, ""},
	} {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			c := startCollector(t, "")
			env := slices.Clone(soon)
			for _, kv := range w.env {
				env = append(env, strings.ReplaceAll(kv, "URL", c.url))
			}
			d := startWith(t, append(env, "OTEL_SERVICE_NAME=mine"))
			d.command(t, "true")
			d.stop(t) // which sends the rest
			if got := len(c.points()) > 0; got != w.metrics {
				t.Errorf("metrics are sent: %v", got)
			}
			if got := len(c.spans()) > 0; got != w.traces {
				t.Errorf("traces are sent: %v", got)
			}
			if warned := strings.Contains(d.log(t), "telemetry is off"); warned != (w.warning != "") || !strings.Contains(d.log(t), w.warning) {
				t.Errorf("the log should warn %q:\n%s", w.warning, d.log(t))
			}
			for _, m := range c.metrics {
				if who := attributesOf(m.Resource.Attributes)["service.name"]; who != "mine" {
					t.Errorf("they are sent by %q", who)
				}
			}
		})
	}
}

// The address of the node is enough for metrics, at the port of OTLP.
func TestTelemetry_Node(t *testing.T) {
	t.Parallel()
	const node = "127.94.83.72" // an address of the loopback interface that nobody else uses
	if l, err := net.Listen("tcp4", node+":4318"); err != nil {
		t.Skipf("there is one loopback address only: %v", err)
	} else {
		_ = l.Close()
	}
	c := startCollector(t, node+":4318")
	d := startWith(t, append(soon, "HOST_IP="+node))
	d.command(t, "true")
	eventually(t, "metrics", func() bool { return len(c.points()["execd.execution.duration"]) > 0 })
	if len(c.spans()) > 0 {
		t.Error("traces are sent too")
	}
}

const (
	clientTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	clientSpan  = "00f067aa0ba902b7"
	traceparent = "00-" + clientTrace + "-" + clientSpan + "-01"
)

// A request is a span of the client's trace, the message a part of it, and the execution of that; what runs finds the
// last as TRACEPARENT.
func TestTelemetry_Traces(t *testing.T) {
	t.Parallel()
	c := startCollector(t, "", http.StatusServiceUnavailable) // which is tried again
	d := startWith(t, append(soon, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.url, "OTEL_METRICS_EXPORTER=none", "SECRET=hunter2hunter2"))
	s := d.newSession(t, nil)
	const show = "echo $TRACEPARENT $TRACESTATE; exit 4"
	good := d.command(t, show, "Traceparent", traceparent, "Tracestate", "vendor=x", "X-Request-ID", "mine")
	own := d.command(t, object{"command": show, "envs": object{"TRACEPARENT": "my own"}}, "Traceparent", traceparent)
	inSession := s.run(t, object{"command": show}, "Traceparent", traceparent)
	d.call(t, http.MethodPost, "/command", object{"command": "true", "cwd": "/no/such"}, "X-Request-ID", "refused")
	d.empty(t, http.MethodGet, "/ping", nil)
	eventually(t, "the second attempt", func() bool { return len(c.spans()) > 0 })
	d.stop(t)
	if got := strings.Join(own.stdout(), ""); !strings.HasPrefix(got, "my own") {
		t.Errorf("what the client has set is %q", got)
	}
	spans := c.spans()
	for names, r := range map[[3]string]run{
		{"POST /command", "RunCommand", "command"}:           good,
		{"POST /session/:id/run", "RunInSession", "session"}: inSession,
	} {
		of := func(i int) *tracepb.Span { return spanOf(t, spans[names[i]], r[0].ExecutionID) }
		request, message, run := of(0), of(1), of(2)
		for i, span := range []*tracepb.Span{request, message, run} {
			parent := []string{clientSpan, hex.EncodeToString(request.SpanId), hex.EncodeToString(message.SpanId)}[i]
			if hex.EncodeToString(span.TraceId) != clientTrace || hex.EncodeToString(span.ParentSpanId) != parent {
				t.Errorf("%s is a part of %x-%x, want %s", span.Name, span.TraceId, span.ParentSpanId, parent)
			}
			if span.EndTimeUnixNano < span.StartTimeUnixNano || span.StartTimeUnixNano == 0 {
				t.Errorf("%s lasts from %d to %d", span.Name, span.StartTimeUnixNano, span.EndTimeUnixNano)
			}
		}
		state := map[bool]string{true: "vendor=x"}[names[0] == "POST /command"]
		want := strings.TrimSpace("00-" + clientTrace + "-" + hex.EncodeToString(run.SpanId) + "-01 " + state)
		if got := r.stdout(); !slices.Equal(got, []string{want}) {
			t.Errorf("%s runs with %q, want %q", names[0], got, want)
		}
		got := attributesOf(run.Attributes)
		if run.Status.Code != tracepb.Status_STATUS_CODE_ERROR || got["process.exit.code"] != "4" || got["execd.execution.outcome"] != "failure" {
			t.Errorf("%s: %v %v", run.Name, run.Status, got)
		}
	}
	request := attributesOf(spanOf(t, spans["POST /command"], good[0].ExecutionID).Attributes)
	if request["http.response.status_code"] != "200" || request["url.path"] != "/command" || request["request_id"] != "mine" {
		t.Errorf("the request has %v", request)
	}
	if n := len(spans["command"]); n != 2 {
		t.Errorf("%d commands were traced; one was refused", n)
	}
	if len(spans["GET /ping"]) > 0 {
		t.Error("probes are traced")
	}
}

// spanOf is the one of an execution.
func spanOf(tb testing.TB, spans []*tracepb.Span, id string) *tracepb.Span {
	tb.Helper()
	for _, s := range spans {
		if attributesOf(s.Attributes)["execution_id"] == id {
			return s
		}
	}
	tb.Fatalf("of %d spans none is of %s", len(spans), id)
	return nil
}

// Without a collector a trace is passed on as it came; what is malformed is not.
func TestTelemetry_PassesTraceOn(t *testing.T) {
	t.Parallel()
	d := start(t)
	s := d.newSession(t, nil)
	for header, want := range map[string]string{traceparent: traceparent, "": "none", "nonsense": "none"} {
		h := []string{"Traceparent", header}
		if got := d.command(t, "echo ${TRACEPARENT:-none}", h...).stdout(); !slices.Equal(got, []string{want}) {
			t.Errorf("%q reaches a command as %q", header, got)
		}
	}
	for _, header := range []string{traceparent, "", traceparent} { // a run forgets the trace of the one before
		want := map[bool]string{true: traceparent, false: "none"}[header != ""]
		got := s.run(t, object{"command": "echo ${TRACEPARENT:-none}"}, "Traceparent", header).stdout()
		if !slices.Equal(got, []string{want}) {
			t.Errorf("%q reaches a session as %q", header, got)
		}
	}
}

// A kernel keeps the request that it works on, and with it the trace.
func TestTelemetry_PassesTraceToKernels(t *testing.T) {
	t.Parallel()
	needsPython(t)
	d := start(t)
	r := d.code(t, "print(get_ipython().kernel.get_parent()['metadata'].get('traceparent'))", "Traceparent", traceparent)
	if got := r.output(); got != traceparent+"\n" {
		t.Errorf("it reaches a kernel as %q", got)
	}
}

// A collector that is not there, answers with errors or never, costs a line in the log and nothing else.
func TestTelemetry_BadCollector(t *testing.T) {
	t.Parallel()
	nobody, err := net.Listen("tcp4", "127.0.0.1:0")
	must(t, err)
	must(t, nobody.Close())
	deaf, err := net.Listen("tcp4", "127.0.0.1:0") // takes connections, and says nothing
	must(t, err)
	t.Cleanup(func() { _ = deaf.Close() })
	failing := startCollector(t, "", slices.Repeat([]int{http.StatusInternalServerError}, 10_000)...)
	for name, endpoint := range map[string]string{
		"down": "http://user:hunter2hunter2@" + nobody.Addr().String(), "deaf": "http://" + deaf.Addr().String(),
		"failing": failing.url,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := startWith(t, append(soon, "OTEL_EXPORTER_OTLP_ENDPOINT="+endpoint, "OTEL_EXPORTER_OTLP_TIMEOUT=200",
				"OTEL_EXPORTER_OTLP_HEADERS=authorization=hunter2hunter2"))
			for range 50 {
				if got := d.command(t, "echo hi").stdout(); !slices.Equal(got, []string{"hi"}) {
					t.Fatalf("a command says %q", got)
				}
			}
			for _, signal := range []string{"metrics", "traces"} {
				eventually(t, "the warning about "+signal, func() bool {
					return strings.Contains(d.log(t), `"signal":"`+signal+`"`)
				})
			}
			eventually(t, "no more goroutines than an idle daemon has, and the exporters", func() bool {
				n, _ := total(d.scrape(t, "/metrics/prometheus")["go_goroutines"])
				return n <= 30
			})
			d.stop(t)
			for _, signal := range []string{"metrics", "traces"} {
				if n := strings.Count(d.log(t), `"signal":"`+signal+`"`); n != 1 {
					t.Errorf("%d lines are about %s", n, signal)
				}
			}
			if strings.Contains(d.log(t), "hunter2") {
				t.Errorf("the log has a secret:\n%s", d.log(t))
			}
		})
	}
}
