package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// headerTraceParent is where a client says which trace its request belongs to
// (W3C Trace Context, section 3.2).
const headerTraceParent = "Traceparent"

var traceContext propagation.TraceContext

// observed is what OpenTelemetry is told of requests. Its fields are nil for
// what is off; then a request costs it a comparison.
type observed struct {
	tracer   trace.Tracer
	requests metric.Float64Histogram
	files    metric.Float64Histogram
}

func newObserved(config Config) (*observed, error) {
	o := &observed{tracer: config.Tracer}
	if config.Meter == nil {
		return o, nil
	}
	var err error
	o.requests, err = config.Meter.Float64Histogram("execd.http.request.duration",
		metric.WithDescription("Time until a request was answered; a stream is answered at its end."), metric.WithUnit("ms"))
	if err != nil {
		return o, err //nolint:wrapcheck // names the instrument
	}
	o.files, err = config.Meter.Float64Histogram("execd.filesystem.operations.duration",
		metric.WithDescription("Time that an operation on files took."), metric.WithUnit("ms"))
	return o, err //nolint:wrapcheck // likewise
}

// begin begins the span of a request, as a part of the client's trace where
// there is one. What is behind finds it in the request's context.
func (o *observed) begin(c echo.Context) trace.Span {
	r := c.Request()
	if o.tracer == nil || isProbe(r.URL.Path) {
		return nil
	}
	ctx := traceContext.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx, span := o.tracer.Start(ctx, r.Method, trace.WithSpanKind(trace.SpanKindServer))
	c.SetRequest(r.WithContext(ctx))
	return span
}

// isProbe reports whether a request asks only whether somebody is there.
func isProbe(path string) bool { return path == "/ping" || path == "/ready" }

// end ends the span of a request. Neither a query nor a body is in it: they
// may hold what no trace should.
func (o *observed) end(c echo.Context, span trace.Span) {
	if span == nil {
		return
	}
	method, route, status := methodOf(c.Request().Method), routeOf(c), c.Response().Status
	span.SetName(method + " " + route)
	span.SetAttributes(
		attribute.String("http.request.method", method),
		attribute.String("http.route", route),
		attribute.String("url.path", c.Request().URL.Path),
		attribute.Int("http.response.status_code", status),
		attribute.String(fieldRequest, idOf(c)),
	)
	if id := c.Response().Header().Get(headerExecution); id != "" {
		span.SetAttributes(attribute.String(fieldExecution, id))
	}
	if status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, http.StatusText(status))
	}
	span.End()
}

// fileOperations names what requests do with files, as dashboards know it.
var fileOperations = map[string]string{
	"GET /files/info": "info", "DELETE /files": "delete", "POST /files/permissions": "chmod", "POST /files/mv": "rename",
	"POST /directories": "mkdir", "DELETE /directories": "rmdir", "GET /directories/list": "listdir",
	"GET /files/search": "search", "POST /files/replace": "replace",
	"POST /files/upload": "upload", "PUT /files/upload": "upload", "GET /files/download": "download",
}

// answered counts a request.
func (o *observed) answered(c echo.Context, took time.Duration) {
	if o.requests == nil {
		return
	}
	method, route, status := methodOf(c.Request().Method), routeOf(c), c.Response().Status
	ms := float64(took) / float64(time.Millisecond)
	ctx := context.Background() // the span is not to be found from here
	o.requests.Record(ctx, ms, metric.WithAttributeSet(attribute.NewSet(
		attribute.String("http_method", method), attribute.String("http_route", route), attribute.Int("http_status_code", status),
	)))
	if operation := fileOperations[method+" "+route]; operation != "" {
		result := "success"
		if status >= http.StatusBadRequest {
			result = "failure"
		}
		o.files.Record(ctx, ms, metric.WithAttributeSet(attribute.NewSet(
			attribute.String("operation", operation), attribute.String("result", result),
		)))
	}
}

// traceOf is the trace that a request belongs to: its own span, or else what
// the client has sent, so that it reaches a process also where execd itself
// does not trace.
func traceOf(r *http.Request) (parent, state string) {
	ctx := r.Context()
	if !trace.SpanContextFromContext(ctx).IsValid() {
		if r.Header[headerTraceParent] == nil {
			return "", ""
		}
		ctx = traceContext.Extract(ctx, propagation.HeaderCarrier(r.Header)) // which drops what is malformed
	}
	carrier := propagation.MapCarrier{}
	traceContext.Inject(ctx, carrier)
	return carrier["traceparent"], carrier["tracestate"]
}

// passTraceOn lets a proxied request be a part of the trace of the one that it
// came with.
func passTraceOn(ctx context.Context, h http.Header) {
	if trace.SpanContextFromContext(ctx).IsValid() {
		traceContext.Inject(ctx, propagation.HeaderCarrier(h))
	}
}
