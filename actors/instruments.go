package actors

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"execd/actors/msg"
	"execd/metrics"
)

// instruments are what OpenTelemetry is told of executions and of the
// machine. The machine is measured when its collector wants to know.
type instruments struct {
	meter *meter
	runs  metric.Float64Histogram // nil where nobody is told

	processes, memory, connections metric.Int64ObservableGauge
	cpu                            metric.Float64ObservableGauge
	traffic                        metric.Int64ObservableCounter
}

func newInstruments(from metric.Meter, m *meter) (*instruments, error) {
	in := &instruments{meter: m}
	if from == nil {
		return in, nil
	}
	var errs [7]error
	in.runs, errs[0] = from.Float64Histogram("execd.execution.duration",
		metric.WithDescription("Time from the start to the end of an execution."), metric.WithUnit("ms"))
	in.processes, errs[1] = from.Int64ObservableGauge("execd.system.process.count",
		metric.WithDescription("Processes that there are."))
	in.cpu, errs[2] = from.Float64ObservableGauge("execd.system.cpu.usage",
		metric.WithDescription("Share of the processors that is used."), metric.WithUnit("%"))
	in.memory, errs[3] = from.Int64ObservableGauge("execd.system.memory.usage_bytes",
		metric.WithDescription("Memory that is used."), metric.WithUnit("By"))
	in.traffic, errs[4] = from.Int64ObservableCounter("execd.system.network.io.bytes",
		metric.WithDescription("Bytes over all network interfaces but the loopback."), metric.WithUnit("By"))
	in.connections, errs[5] = from.Int64ObservableGauge("execd.system.network.connections.active",
		metric.WithDescription("Established TCP connections, and UDP sockets."))
	if err := errors.Join(errs[:6]...); err != nil {
		return &instruments{}, err
	}
	_, err := from.RegisterCallback(in.observe, in.processes, in.cpu, in.memory, in.traffic, in.connections)
	return in, err //nolint:wrapcheck // names the instruments
}

// observe measures for a collector, in its goroutine.
func (in *instruments) observe(_ context.Context, to metric.Observer) error {
	if n, ok := metrics.Processes(); ok {
		to.ObserveInt64(in.processes, int64(n))
	}
	if sample, ok := in.meter.newest(); ok {
		to.ObserveFloat64(in.cpu, sample.Own.CPUPercent)
		to.ObserveInt64(in.memory, int64(sample.Own.MemUsed)) //nolint:gosec // no machine has so much
	}
	network, ok := metrics.ReadNetwork()
	if !ok {
		return nil
	}
	attributes := func(name, value string) metric.ObserveOption {
		return metric.WithAttributeSet(attribute.NewSet(attribute.String(name, value)))
	}
	to.ObserveInt64(in.traffic, int64(network.Received), attributes("direction", "in")) //nolint:gosec // a counter
	to.ObserveInt64(in.traffic, int64(network.Sent), attributes("direction", "out"))    //nolint:gosec // likewise
	to.ObserveInt64(in.connections, int64(network.TCP), attributes("protocol", "tcp"))
	to.ObserveInt64(in.connections, int64(network.UDP), attributes("protocol", "udp"))
	return nil
}

// operations names the kinds of executions as dashboards know them.
var operations = map[msg.Kind]string{
	msg.KindCommand: "run_command", msg.KindBackground: "run_command", msg.KindCode: "run_code", msg.KindSession: "run_in_session",
}

// ends counts the end of an execution.
func (in *instruments) ends(x *execution) {
	operation, result := operations[x.kind], x.result()
	if in.runs == nil || operation == "" || result == resultRefused {
		return
	}
	if result != resultSuccess {
		result = resultFailure
	}
	in.runs.Record(context.Background(), float64(x.took())/float64(time.Millisecond), metric.WithAttributeSet(attribute.NewSet(
		attribute.String("operation", operation), attribute.String("result", result),
	)))
}
