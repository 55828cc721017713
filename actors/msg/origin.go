package msg

// Origin says which request starts something, for the log.
type Origin struct {
	RequestID string // of HTTP; empty for none
}
