package actors

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"execd/actors/msg"
)

// journey is an execution as distributed traces see it: the message that asks
// for it, until it is admitted, and as a part of that the run. It is set
// before anybody else knows the execution, and not changed.
type journey struct {
	message, run trace.Span // nil where nothing is traced

	// What is run finds its trace here, in the words of W3C Trace Context: it
	// is a part of the run, or else of the client's request.
	parent, state string
}

var traceContext propagation.TraceContext

// messageNames are those of the messages that begin executions.
var messageNames = map[msg.Kind]string{
	msg.KindCommand: "RunCommand", msg.KindBackground: "RunCommand", msg.KindCode: "RunCode",
	msg.KindSession: "RunInSession", msg.KindTerminal: "OpenTerminal",
}

// newJourney begins both spans, as parts of the request's. Without a tracer
// the client's trace is passed on as it came.
func newJourney(tracer trace.Tracer, x *execution) journey {
	o := x.origin
	if tracer == nil {
		return journey{parent: o.TraceParent, state: o.TraceState}
	}
	ctx := traceContext.Extract(context.Background(), propagation.MapCarrier{"traceparent": o.TraceParent, "tracestate": o.TraceState})
	about := trace.WithAttributes(
		attribute.String(fieldExecution, x.id), attribute.String("execd.execution.kind", string(x.kind)),
		attribute.String(fieldRequest, o.RequestID),
	)
	var j journey
	ctx, j.message = tracer.Start(ctx, messageNames[x.kind], about)
	ctx, j.run = tracer.Start(ctx, string(x.kind), about)
	carrier := propagation.MapCarrier{}
	traceContext.Inject(ctx, carrier)
	j.parent, j.state = carrier["traceparent"], carrier["tracestate"]
	return j
}

// admitted ends the message: it was answered.
func (j *journey) admitted() {
	if j.message != nil {
		j.message.End()
	}
}

// ended ends the run, or the message where there was no run. What was run is
// not told: it may hold what no trace should.
func (j *journey) ended(x *execution) {
	if j.run == nil {
		return
	}
	result := x.result()
	if result == resultRefused {
		j.message.SetStatus(codes.Error, result)
		j.message.End()
		return // a run that never was is not sent
	}
	x.mu.Lock()
	exit, signal := x.outcome.exit, x.outcome.signal
	x.mu.Unlock()
	j.run.SetAttributes(attribute.String("execd.execution.outcome", result))
	if exit != nil {
		j.run.SetAttributes(attribute.Int("process.exit.code", *exit))
	}
	if signal != "" {
		j.run.SetAttributes(attribute.String("execd.execution.signal", signal))
	}
	if result != resultSuccess {
		j.run.SetStatus(codes.Error, result)
	}
	j.run.End()
}

// The variables by which a process finds the trace that it is a part of
// (OpenTelemetry, "Environment Variables as Context Propagation Carriers").
const (
	variableTrace      = "TRACEPARENT"
	variableTraceState = "TRACESTATE"
)

// vars adds the trace to the variables of a process, unless the client has
// said there which one it is.
func (j *journey) vars(env map[string]string) map[string]string {
	if _, given := env[variableTrace]; given || j.parent == "" {
		return env
	}
	all := maps.Clone(env)
	if all == nil {
		all = map[string]string{}
	}
	all[variableTrace] = j.parent
	if j.state != "" {
		all[variableTraceState] = j.state
	}
	return all
}

// environ is vars for an environment that was put together before.
func (j *journey) environ(env []string) []string {
	if j.parent == "" {
		return env
	}
	all := append(slices.Clone(env), variableTrace+"="+j.parent)
	if j.state != "" {
		all = append(all, variableTraceState+"="+j.state)
	}
	return all
}

// metadata is where a kernel finds the trace of a cell: in that of the
// request, which it keeps while it runs. Empty for none.
func (j *journey) metadata() []byte {
	if j.parent == "" {
		return nil
	}
	m := map[string]string{"traceparent": j.parent}
	if j.state != "" {
		m["tracestate"] = j.state
	}
	text, _ := json.Marshal(m) // never fails for strings
	return text
}
