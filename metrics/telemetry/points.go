package telemetry

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	collectorpb "go.opentelemetry.io/proto/slim/otlp/collector/metrics/v1"
	metricspb "go.opentelemetry.io/proto/slim/otlp/metrics/v1"
	"google.golang.org/protobuf/proto"
)

// metricExporter sends what was counted.
type metricExporter struct {
	to          *collector
	shared      []attribute.KeyValue // of every point
	temporality sdkmetric.TemporalitySelector
}

var _ sdkmetric.Exporter = (*metricExporter)(nil)

// temporalityOf reads the specification's preference: cumulative unless asked
// for another.
func temporalityOf(preference string) sdkmetric.TemporalitySelector {
	switch preference {
	case "delta", "Delta", "DELTA":
		return sdkmetric.DeltaTemporalitySelector
	case "lowmemory", "LowMemory", "LOWMEMORY":
		return sdkmetric.LowMemoryTemporalitySelector
	}
	return sdkmetric.CumulativeTemporalitySelector
}

// Temporality implements sdkmetric.Exporter.
func (x *metricExporter) Temporality(k sdkmetric.InstrumentKind) metricdata.Temporality {
	return x.temporality(k)
}

// Aggregation implements sdkmetric.Exporter.
func (*metricExporter) Aggregation(k sdkmetric.InstrumentKind) sdkmetric.Aggregation {
	return sdkmetric.DefaultAggregationSelector(k)
}

// Export implements sdkmetric.Exporter.
func (x *metricExporter) Export(ctx context.Context, r *metricdata.ResourceMetrics) error {
	body, err := proto.Marshal(x.encode(r))
	if err != nil {
		return fmt.Errorf("encode metrics: %w", err)
	}
	answer, err := x.to.send(ctx, body)
	if err != nil {
		return err
	}
	var said collectorpb.ExportMetricsServiceResponse
	if err := proto.Unmarshal(answer, &said); err != nil {
		return nil //nolint:nilerr // it took them, and says so in its own words
	}
	if p := said.GetPartialSuccess(); p.GetRejectedDataPoints() > 0 {
		return fmt.Errorf("the collector rejects %d points: %s", p.GetRejectedDataPoints(), p.GetErrorMessage())
	}
	return nil
}

// ForceFlush implements sdkmetric.Exporter: nothing is kept.
func (*metricExporter) ForceFlush(context.Context) error { return nil }

// Shutdown implements sdkmetric.Exporter.
func (*metricExporter) Shutdown(context.Context) error { return nil }

func (x *metricExporter) encode(r *metricdata.ResourceMetrics) *collectorpb.ExportMetricsServiceRequest {
	of := &metricspb.ResourceMetrics{Resource: encodeResource(r.Resource), SchemaUrl: r.Resource.SchemaURL()}
	for _, s := range r.ScopeMetrics {
		group := &metricspb.ScopeMetrics{Scope: encodeScope(s.Scope)}
		for _, m := range s.Metrics {
			group.Metrics = append(group.Metrics, x.metric(m))
		}
		of.ScopeMetrics = append(of.ScopeMetrics, group)
	}
	return &collectorpb.ExportMetricsServiceRequest{ResourceMetrics: []*metricspb.ResourceMetrics{of}}
}

// metric knows the kinds that the instruments of execd have.
func (x *metricExporter) metric(m metricdata.Metrics) *metricspb.Metric {
	p := &metricspb.Metric{Name: m.Name, Description: m.Description, Unit: m.Unit}
	switch data := m.Data.(type) {
	case metricdata.Gauge[int64]:
		p.Data = &metricspb.Metric_Gauge{Gauge: &metricspb.Gauge{DataPoints: numbers(data.DataPoints, x.shared)}}
	case metricdata.Gauge[float64]:
		p.Data = &metricspb.Metric_Gauge{Gauge: &metricspb.Gauge{DataPoints: numbers(data.DataPoints, x.shared)}}
	case metricdata.Sum[int64]:
		p.Data = sum(data, x.shared)
	case metricdata.Sum[float64]:
		p.Data = sum(data, x.shared)
	case metricdata.Histogram[float64]:
		p.Data = histogram(data, x.shared)
	}
	return p
}

func sum[N int64 | float64](s metricdata.Sum[N], shared []attribute.KeyValue) *metricspb.Metric_Sum {
	return &metricspb.Metric_Sum{Sum: &metricspb.Sum{
		DataPoints: numbers(s.DataPoints, shared), IsMonotonic: s.IsMonotonic, AggregationTemporality: temporalities[s.Temporality],
	}}
}

var temporalities = map[metricdata.Temporality]metricspb.AggregationTemporality{
	metricdata.CumulativeTemporality: metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE,
	metricdata.DeltaTemporality:      metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_DELTA,
}

func numbers[N int64 | float64](points []metricdata.DataPoint[N], shared []attribute.KeyValue) []*metricspb.NumberDataPoint {
	all := make([]*metricspb.NumberDataPoint, len(points))
	for i, p := range points {
		all[i] = &metricspb.NumberDataPoint{
			Attributes: encodeSet(&p.Attributes, shared...), StartTimeUnixNano: nanoseconds(p.StartTime), TimeUnixNano: nanoseconds(p.Time),
		}
		switch v := any(p.Value).(type) {
		case int64:
			all[i].Value = &metricspb.NumberDataPoint_AsInt{AsInt: v}
		case float64:
			all[i].Value = &metricspb.NumberDataPoint_AsDouble{AsDouble: v}
		}
	}
	return all
}

func histogram(h metricdata.Histogram[float64], shared []attribute.KeyValue) *metricspb.Metric_Histogram {
	all := make([]*metricspb.HistogramDataPoint, len(h.DataPoints))
	for i, p := range h.DataPoints {
		q := &metricspb.HistogramDataPoint{
			Attributes: encodeSet(&p.Attributes, shared...), StartTimeUnixNano: nanoseconds(p.StartTime), TimeUnixNano: nanoseconds(p.Time),
			Count: p.Count, Sum: &p.Sum, BucketCounts: p.BucketCounts, ExplicitBounds: p.Bounds,
		}
		if least, ok := p.Min.Value(); ok {
			q.Min = &least
		}
		if most, ok := p.Max.Value(); ok {
			q.Max = &most
		}
		all[i] = q
	}
	return &metricspb.Metric_Histogram{Histogram: &metricspb.Histogram{
		DataPoints: all, AggregationTemporality: temporalities[h.Temporality],
	}}
}
