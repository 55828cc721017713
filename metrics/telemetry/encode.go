package telemetry

import (
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	commonpb "go.opentelemetry.io/proto/slim/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/slim/otlp/resource/v1"
)

func encodeResource(r *resource.Resource) *resourcepb.Resource {
	return &resourcepb.Resource{Attributes: encodeSet(r.Set())}
}

func encodeScope(s instrumentation.Scope) *commonpb.InstrumentationScope {
	return &commonpb.InstrumentationScope{Name: s.Name, Version: s.Version, Attributes: encodeSet(&s.Attributes)}
}

func encodeSet(set *attribute.Set, more ...attribute.KeyValue) []*commonpb.KeyValue {
	all := make([]*commonpb.KeyValue, 0, set.Len()+len(more))
	for i := set.Iter(); i.Next(); {
		all = append(all, encodeAttribute(i.Attribute()))
	}
	return append(all, encodeAttributes(more)...)
}

func encodeAttributes(list []attribute.KeyValue) []*commonpb.KeyValue {
	all := make([]*commonpb.KeyValue, len(list))
	for i, kv := range list {
		all[i] = encodeAttribute(kv)
	}
	return all
}

// encodeAttribute knows single values; a list, as in the environment's
// description of the process, goes as its JSON text.
func encodeAttribute(kv attribute.KeyValue) *commonpb.KeyValue {
	v := &commonpb.AnyValue{}
	switch kv.Value.Type() {
	case attribute.BOOL:
		v.Value = &commonpb.AnyValue_BoolValue{BoolValue: kv.Value.AsBool()}
	case attribute.INT64:
		v.Value = &commonpb.AnyValue_IntValue{IntValue: kv.Value.AsInt64()}
	case attribute.FLOAT64:
		v.Value = &commonpb.AnyValue_DoubleValue{DoubleValue: kv.Value.AsFloat64()}
	default:
		v.Value = &commonpb.AnyValue_StringValue{StringValue: kv.Value.String()}
	}
	return &commonpb.KeyValue{Key: string(kv.Key), Value: v}
}
