package msg

// Origin says which request starts something, for the log and for traces.
type Origin struct {
	RequestID string // of HTTP; empty for none

	// The place of the request in a distributed trace, as W3C Trace Context
	// writes it; empty for none.
	TraceParent, TraceState string
}
