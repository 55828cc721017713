package telemetry

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	collectorpb "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// spanExporter sends spans that have ended.
type spanExporter struct{ to *collector }

var _ sdktrace.SpanExporter = (*spanExporter)(nil)

// ExportSpans implements sdktrace.SpanExporter.
func (x *spanExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if len(spans) == 0 {
		return nil
	}
	body, err := proto.Marshal(encodeSpans(spans))
	if err != nil {
		return fmt.Errorf("encode spans: %w", err)
	}
	answer, err := x.to.send(ctx, body)
	if err != nil {
		return err
	}
	var said collectorpb.ExportTraceServiceResponse
	if err := proto.Unmarshal(answer, &said); err != nil {
		return nil //nolint:nilerr // it took them, and says so in its own words
	}
	if p := said.GetPartialSuccess(); p.GetRejectedSpans() > 0 {
		return fmt.Errorf("the collector rejects %d spans: %s", p.GetRejectedSpans(), p.GetErrorMessage())
	}
	return nil
}

// Shutdown implements sdktrace.SpanExporter.
func (*spanExporter) Shutdown(context.Context) error { return nil }

// encodeSpans groups spans by their scope; all are of one resource.
func encodeSpans(spans []sdktrace.ReadOnlySpan) *collectorpb.ExportTraceServiceRequest {
	of := &tracepb.ResourceSpans{Resource: encodeResource(spans[0].Resource()), SchemaUrl: spans[0].Resource().SchemaURL()}
	scopes := map[instrumentation.Scope]*tracepb.ScopeSpans{}
	for _, s := range spans {
		group := scopes[s.InstrumentationScope()]
		if group == nil {
			group = &tracepb.ScopeSpans{Scope: encodeScope(s.InstrumentationScope())}
			scopes[s.InstrumentationScope()] = group
			of.ScopeSpans = append(of.ScopeSpans, group)
		}
		group.Spans = append(group.Spans, encodeSpan(s))
	}
	return &collectorpb.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{of}}
}

func encodeSpan(s sdktrace.ReadOnlySpan) *tracepb.Span {
	own, parent := s.SpanContext(), s.Parent()
	traceID, spanID := own.TraceID(), own.SpanID()
	p := &tracepb.Span{
		TraceId: traceID[:], SpanId: spanID[:], TraceState: own.TraceState().String(),
		Name: s.Name(), Kind: spanKinds[s.SpanKind()],
		StartTimeUnixNano: nanoseconds(s.StartTime()), EndTimeUnixNano: nanoseconds(s.EndTime()),
		Attributes:             encodeAttributes(s.Attributes()),
		DroppedAttributesCount: uint32(max(s.DroppedAttributes(), 0)), //nolint:gosec // a count
		Status:                 &tracepb.Status{Code: statusCodes[s.Status().Code], Message: s.Status().Description},
		Flags:                  uint32(own.TraceFlags()) | uint32(tracepb.SpanFlags_SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK),
	}
	if parent.SpanID().IsValid() {
		id := parent.SpanID()
		p.ParentSpanId = id[:]
	}
	if parent.IsRemote() {
		p.Flags |= uint32(tracepb.SpanFlags_SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK)
	}
	for _, e := range s.Events() {
		p.Events = append(p.Events, &tracepb.Span_Event{
			TimeUnixNano: nanoseconds(e.Time), Name: e.Name, Attributes: encodeAttributes(e.Attributes),
		})
	}
	return p
}

var spanKinds = map[trace.SpanKind]tracepb.Span_SpanKind{
	trace.SpanKindInternal: tracepb.Span_SPAN_KIND_INTERNAL,
	trace.SpanKindServer:   tracepb.Span_SPAN_KIND_SERVER,
	trace.SpanKindClient:   tracepb.Span_SPAN_KIND_CLIENT,
	trace.SpanKindProducer: tracepb.Span_SPAN_KIND_PRODUCER,
	trace.SpanKindConsumer: tracepb.Span_SPAN_KIND_CONSUMER,
}

var statusCodes = map[codes.Code]tracepb.Status_StatusCode{
	codes.Ok:    tracepb.Status_STATUS_CODE_OK,
	codes.Error: tracepb.Status_STATUS_CODE_ERROR,
}

// nanoseconds since 1970; 0 for no time.
func nanoseconds(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.UnixNano()) //nolint:gosec // after 1970
}
