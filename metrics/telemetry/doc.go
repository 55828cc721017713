// Package telemetry sends what execd measures and traces to an OpenTelemetry
// collector: OTLP over HTTP, with the published protocol buffers.
//
// Start reads the environment and returns a Telemetry, whose Meter and Tracer
// are nil for what is off: whoever counts or traces asks for nil first, and so
// pays nothing. Only this package knows the SDK; others know its interfaces.
//
// Two goroutines of the SDK do all that may block, one for each signal that is
// on. Recording never waits: a span that finds the SDK's queue full is dropped
// and metrics are sums, so a collector that is slow, down or refuses costs a
// bounded amount of memory and one line in the log, when it begins to fail.
// Shutdown sends what is left, once, and waits no longer than its context.
//
// The tests have a receiver that decodes the protocol buffers.
package telemetry
