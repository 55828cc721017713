package telemetry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Config is what Start needs. Only Version and Report have no default.
type Config struct {
	Version string
	// Report is told, from any goroutine, what could not be sent: once for a
	// row of failures of a signal, and with nil when they are over.
	Report func(signal string, err error)

	Lookup   func(name string) (string, bool) // the environment; nil is os.LookupEnv
	HostInfo string                           // the file that names the node; empty is /etc/hostinfo
}

// scope is what the metrics and traces are of: a name that dashboards know.
const scope = "opensandbox/execd"

// Telemetry is what was started. The zero value is one that is off.
type Telemetry struct {
	meter  metric.Meter
	tracer trace.Tracer
	stop   []func(context.Context) error // in the order of the start
}

// Start starts what the environment turns on. What it cannot start is in its
// error, and off; the rest works all the same.
func Start(c Config) (*Telemetry, error) {
	if c.Lookup == nil {
		c.Lookup = os.LookupEnv
	}
	e := environment{lookup: c.Lookup, hostInfo: cmp.Or(c.HostInfo, "/etc/hostinfo")}
	metrics, errMetrics := e.destination(metricsSignal)
	traces, errTraces := e.destination(tracesSignal)
	errAll := errors.Join(errMetrics, errTraces)
	t := &Telemetry{}
	on := errMetrics == nil && metrics != nil || errTraces == nil && traces != nil
	if !on {
		return t, errAll
	}
	shared, err := e.shared()
	errAll = errors.Join(errAll, err)
	about, err := describe(c.Version, shared)
	errAll = errors.Join(errAll, err)
	otel.SetLogger(logr.Discard()) // it would write to standard error
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		var sent *sendError
		if !errors.As(err, &sent) { // which was reported
			c.Report("telemetry", err)
		}
	}))
	if errMetrics == nil && metrics != nil {
		to := newCollector(metricsSignal, metrics, func(err error) { c.Report("metrics", err) })
		t.startMetrics(e, to, about, shared)
	}
	if errTraces == nil && traces != nil {
		to := newCollector(tracesSignal, traces, func(err error) { c.Report("traces", err) })
		t.startTraces(to, about)
	}
	return t, errAll
}

// shared are the attributes that say which sandbox it is.
func (e environment) shared() ([]attribute.KeyValue, error) {
	var all []attribute.KeyValue
	if id := e.get("OPENSANDBOX_ID"); id != "" {
		all = append(all, attribute.String("sandbox_id", id))
	}
	extra, err := pairs(e.get("OPENSANDBOX_EXECD_METRICS_EXTRA_ATTRS"))
	if err != nil {
		return all, fmt.Errorf("OPENSANDBOX_EXECD_METRICS_EXTRA_ATTRS: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		all = append(all, attribute.String(name, extra[name]))
	}
	return all, nil
}

// describe says who sends. What the environment says
// (OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME) wins.
func describe(version string, shared []attribute.KeyValue) (*resource.Resource, error) {
	r, err := resource.New(context.Background(),
		resource.WithTelemetrySDK(), resource.WithHost(),
		resource.WithAttributes(shared...),
		resource.WithAttributes(
			attribute.String("service.name", "opensandbox-execd-"+version),
			attribute.String("service.version", version),
		),
		resource.WithFromEnv(),
	)
	if err != nil {
		return r, fmt.Errorf("describe resource: %w", err)
	}
	return r, nil
}

func (t *Telemetry) startMetrics(e environment, to *collector, about *resource.Resource, shared []attribute.KeyValue) {
	reader := sdkmetric.NewPeriodicReader(&metricExporter{
		to: to, shared: shared, temporality: temporalityOf(e.get("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE")),
	})
	provider := sdkmetric.NewMeterProvider(
		sdkmetric.WithReader(reader), sdkmetric.WithResource(about), sdkmetric.WithExemplarFilter(exemplar.AlwaysOffFilter),
	)
	t.meter = provider.Meter(scope)
	t.stop = append(t.stop, stopping(to, provider.Shutdown))
}

func (t *Telemetry) startTraces(to *collector, about *resource.Resource) {
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(&spanExporter{to: to}), sdktrace.WithResource(about))
	t.tracer = provider.Tracer(scope)
	t.stop = append(t.stop, stopping(to, provider.Shutdown))
}

// stopping ends a signal: what is left is sent, in one attempt.
func stopping(to *collector, shutdown func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		to.close()
		defer to.client.CloseIdleConnections()
		return shutdown(ctx)
	}
}

// Meter makes instruments; it is nil when metrics are off.
func (t *Telemetry) Meter() metric.Meter { return t.meter }

// Tracer begins spans; it is nil when traces are off.
func (t *Telemetry) Tracer() trace.Tracer { return t.tracer }

// Shutdown sends what has not been sent, as far as ctx allows.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	errs := make(chan error, len(t.stop))
	for _, stop := range t.stop { // at once: one that hangs costs the other nothing
		go func() { errs <- stop(ctx) }()
	}
	var all error
	for range t.stop {
		all = errors.Join(all, <-errs)
	}
	return all
}
